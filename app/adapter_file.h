/* adapter_file.h - adapters as files: written whole or not at all. */
#ifndef S2D_ADAPTER_FILE_H
#define S2D_ADAPTER_FILE_H

#include "../engine/adapter.h"

/* adapter_write to a file of that name, in place of what was there. */
int adapter_save(const char *path, const AdapterInfo *info, const AdapterTensor *tensors,
                 int n_tensors, Err *err);

#endif
