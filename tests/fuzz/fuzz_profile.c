/* fuzz_profile.c - any bytes as a profile: a Profile within its ranges, or one message with a
 * place. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "app/profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Profile profile;
    Err err = {0};
    if (profile_parse(&profile, (const char *)data, size, "fuzz.yaml", &err) != 0) {
        assert(err.code == EXIT_DATA && strncmp(err.text, "fuzz.yaml:", 10) == 0);
        return 0;
    }
    assert(err.code == 0);
    assert(profile.n_targets >= 1 && profile.n_targets <= TARGETS_MAX);
    assert(profile.n_exits >= 0 && profile.n_exits <= EXITS_MAX);
    assert(profile.name && profile.device && profile.path);
    assert(profile.temperature >= 0 && profile.top_p > 0 && profile.top_p <= 1);
    for (int i = 0; i < profile.n_targets; i++) {
        assert(profile.targets[i].model);
        for (int k = 0; k < profile.targets[i].n_thresholds; k++)
            assert(profile.targets[i].thresholds[k] >= 0 && profile.targets[i].thresholds[k] <= 1);
    }
    for (int i = 1; i < profile.n_exits; i++)
        assert(profile.exits[i] > profile.exits[i - 1]);
    profile_close(&profile);
    return 0;
}
