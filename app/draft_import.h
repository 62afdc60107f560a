/* draft_import.h - `s2d draft import`: a published head as a file of s2d's; app/import/head_import.h does
 * the work. */
#ifndef S2D_APP_DRAFT_IMPORT_H
#define S2D_APP_DRAFT_IMPORT_H

/* argv[0] is "import". Returns the exit code. */
int draft_import(int argc, char **argv);

#endif
