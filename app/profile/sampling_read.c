/* sampling_read.c - the part `sampling` of profiles and config files. See profile_schema.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app/profile/profile_schema.h"

static int read_stops(YamlReader *reader, const RawSampling *raw, Stops *stops)
{
    for (unsigned i = 0; i < raw->stop_count; i++) {
        char path[SCAN_PATH_BYTES];
        Err why = {0};
        snprintf(path, sizeof path, "sampling.stop[%u]", i);
        if (stops_add(stops, raw->stop[i], path, &why) != 0)
            return yaml_fail(reader, path, "%s", why.text + strlen(path) + 2);
    }
    return 0;
}

int sampling_read(YamlReader *reader, const RawSampling *raw, Profile *profile)
{
    profile->top_p = 1;
    profile->seed = 1;
    if (!raw)
        return 0;
    if (yaml_decimal(reader, raw->temperature, "sampling.temperature", 0, 10,
                     &profile->temperature) != 0 ||
        yaml_int(reader, raw->top_k, "sampling.top_k", 0, INT_MAX, &profile->top_k) != 0 ||
        yaml_decimal(reader, raw->top_p, "sampling.top_p", 0, 1, &profile->top_p) != 0 ||
        yaml_int(reader, raw->seed, "sampling.seed", 0, INT32_MAX, &profile->seed) != 0)
        return -1;
    return read_stops(reader, raw, &profile->stops);
}
