/* yaml_values.h - the strings of a YAML file as numbers and texts; what is wrong with one is said with
 * its place and its path, such as "sampling.stop[1]".
 *
 * A text that is NULL was not given: the value stays what it is.
 */
#ifndef S2D_APP_PROFILE_YAML_VALUES_H
#define S2D_APP_PROFILE_YAML_VALUES_H

#include "app/profile/profile_scan.h"

typedef struct YamlReader {
    const Scan *scan;
    Err *err;
} YamlReader;

/* EXIT_DATA; returns -1. */
int yaml_fail(const YamlReader *reader, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A whole number in decimal digits, from least to most. */
int yaml_int(YamlReader *reader, const char *text, const char *path, int least, int most,
             int *value);
/* A number such as 1, 0.75 or -2.5: no exponent, no nan, nothing after it. */
int yaml_decimal(YamlReader *reader, const char *text, const char *path, double least, double most,
                 double *value);
/* *copy is the caller's to free. */
int yaml_text(YamlReader *reader, const char *text, char **copy);

#endif
