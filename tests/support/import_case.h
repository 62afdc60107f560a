/* import_case.h - what tests of imports that fail share: a folder for a head that is published, and the
 * target that it should have fitted. */
#ifndef S2D_TESTS_SUPPORT_IMPORT_CASE_H
#define S2D_TESTS_SUPPORT_IMPORT_CASE_H

#include "app/import/head_import.h"
#include "tests/support/public_head.h"
#include "tests/support/temp.h"

#define EAGLE "eagle.safetensors"
#define EAGLE3 "eagle3.safetensors"
#define MEDUSA "medusa.safetensors"
#define HYDRA "hydra.safetensors"
#define PLUS "hydra++.safetensors"

extern char import_folder[TEMP_BYTES], import_out[TEMP_BYTES + 16];
extern const ModelConfig import_target; /* "tiny", as public_target is */

int import_setup(void **state);
int import_teardown(void **state);

/* For what is published in the folder; file: as what, "" = anything. */
HeadAsk import_ask(const char *file);

/* Opened and written to import_out. */
int import_head(const HeadAsk *ask, Err *err);

/* It is not, with that code and line, and nothing is there. of: what was wrong with it. */
void assert_import_refused(const HeadAsk *ask, int code, const char *says, const char *of);

#endif
