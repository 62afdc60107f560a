/* yaml_values.c - see yaml_values.h. */
#include "app/profile/yaml_values.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int yaml_fail(const YamlReader *reader, const char *path, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const ScanMark *mark = scan_find(reader->scan, path);
    if (!mark)
        return err_set(reader->err, EXIT_DATA, "%.200s: %s: %s", reader->scan->file, path, text);
    return err_set(reader->err, EXIT_DATA, "%.200s:%d:%d: %s: %s", reader->scan->file, mark->line,
                   mark->column, path, text);
}

int yaml_int(YamlReader *reader, const char *text, const char *path, int least, int most,
             int *value)
{
    if (!text)
        return 0;
    size_t sign = text[0] == '-';
    errno = 0;
    long number = strtol(text, NULL, 10);
    if (text[sign] == '\0' || text[sign + strspn(text + sign, "0123456789")] != '\0')
        return yaml_fail(reader, path, "\"%.40s\" is not a whole number", text);
    if (errno == ERANGE || number < least || number > most)
        return yaml_fail(reader, path, "%.40s is not within %d ... %d", text, least, most);
    *value = (int)number;
    return 0;
}

int yaml_decimal(YamlReader *reader, const char *text, const char *path, double least, double most,
                 double *value)
{
    if (!text)
        return 0;
    const char *c = text + (text[0] == '-');
    size_t whole = strspn(c, "0123456789"), fraction = 0;
    c += whole;
    bool point = *c == '.';
    if (point) {
        fraction = strspn(++c, "0123456789");
        c += fraction;
    }
    if (*c != '\0' || whole == 0 || (point && fraction == 0))
        return yaml_fail(reader, path, "\"%.40s\" is not a number such as 0.75", text);
    double number = strtod(text, NULL);
    if (!(number >= least && number <= most))
        return yaml_fail(reader, path, "%.40s is not within %g ... %g", text, least, most);
    *value = number;
    return 0;
}

int yaml_text(YamlReader *reader, const char *text, char **copy)
{
    if (!text)
        return 0;
    *copy = strdup(text);
    return *copy ? 0
                 : err_set(reader->err, EXIT_MEMORY, "no memory for reading %.200s",
                           reader->scan->file);
}
