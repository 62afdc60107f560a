/* torch_zip.h - the entries of a zip that torch.save wrote, read by libzip from any source.
 *
 * All of them lie in one folder, whose name does not matter. Names are compared and never become
 * paths. What an entry claims to hold is checked against the file before it is read: stored bytes
 * are in the file, and deflate packs no more than 1032 bytes into one.
 */
#ifndef S2D_APP_IMPORT_TORCH_ZIP_H
#define S2D_APP_IMPORT_TORCH_ZIP_H

#include "app/import/byte_source.h"

typedef struct TorchZip TorchZip;

/* The source stays the caller's and must stay where it is. */
int torch_zip_open(TorchZip **zip, const ByteSource *source, Err *err);
void torch_zip_close(TorchZip *zip);

/* The entry of that name in the folder, and its bytes when unpacked. Returns 1; 0 = not there; -1
 * when it is packed in a way that s2d does not read. */
int torch_zip_find(const TorchZip *zip, const char *name, int64_t *entry, uint64_t *bytes,
                   Err *err);

/* Exactly so many bytes from position `at` of an entry. Reading on from where the last call ended
 * costs nothing extra, also in a deflated entry; going back in one starts it again. */
int torch_zip_read(TorchZip *zip, int64_t entry, uint64_t at, void *out, size_t bytes, Err *err);

#endif
