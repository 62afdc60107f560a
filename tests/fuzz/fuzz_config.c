/* fuzz_config.c - any bytes as a config file: a Config within its ranges, or one message with a
 * place. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "app/profile/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Config config;
    Err err = {0};
    if (config_parse(&config, (const char *)data, size, "fuzz.yaml", &err) != 0) {
        assert(err.code == EXIT_DATA && strncmp(err.text, "fuzz.yaml:", 10) == 0);
        return 0;
    }
    assert(err.code == 0 && config.path && config.theme < THEME_COUNT);
    assert(config.n_folders >= 0 && config.n_folders <= CONFIG_FOLDERS_MAX);
    assert(config.n_roles >= 0 && config.n_roles <= ROLES_MAX);
    for (int i = 0; i < config.n_folders; i++)
        assert(config.folders[i][0] == '/');
    for (int i = 0; i < config.n_roles; i++)
        assert(config.roles[i].name[0] && config.roles[i].system[0]);
    for (int number = 1; number <= 12; number++) {
        int shortcut = key_bindings_function(&config.keys, number);
        assert(shortcut >= 0 && shortcut <= 12);
    }
    Profile profile = {.top_p = 1};
    config_lay_over(&config, &profile);
    assert(profile.temperature >= 0 && profile.temperature <= 10);
    assert(profile.top_p >= 0 && profile.top_p <= 1 && profile.stops.n <= STOPS_MAX);
    config_close(&config);
    return 0;
}
