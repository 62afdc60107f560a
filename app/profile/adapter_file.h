/* adapter_file.h - adapters as files: written whole or not at all, opened for the base that they
 * were trained on and for no other. */
#ifndef S2D_APP_PROFILE_ADAPTER_FILE_H
#define S2D_APP_PROFILE_ADAPTER_FILE_H

#include "engine/model/adapter.h"

/* adapter_write to a file of that name, in place of what was there. */
int adapter_save(const char *path, const AdapterInfo *info, const AdapterTensor *tensors,
                 int n_tensors, Err *err);

/* Where it is. name: a path; where nothing is there, the file of that name among the profiles that
 * came with s2d (a profile of another machine names a path of that one). path: [PATH_BYTES] */
int adapter_find(const char *name, char *path, Err *err);

/* The hash of a model's file: the catalog's for a name that it has, else of the file itself; NULL, with
 * err, where that cannot be read. computed: [SHA256_TEXT], room for it. */
const char *adapter_base_hash(const char *base, const char *base_path, char *computed, Err *err);

/* name: as adapter_find takes it. base: how the person calls it, and its
 * file. The hashes of the catalog's models are known, others are computed. EXIT_DATA when the
 * adapter is another base's. */
int adapter_open_for(Adapter **adapter, const char *name, const char *base, const char *base_path,
                     Err *err);

#endif
