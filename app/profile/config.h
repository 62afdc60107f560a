/* config.h - the person's own settings: s2d.yaml.
 *
 * $S2D_CONFIG, else $XDG_CONFIG_HOME/s2d/s2d.yaml (~/.config/s2d/s2d.yaml). Read as strictly as
 * profiles are: file, line, column and what is allowed there. See man/s2d-config.5.
 */
#ifndef S2D_APP_PROFILE_CONFIG_H
#define S2D_APP_PROFILE_CONFIG_H

#include "app/profile/profile.h"
#include "ui/key_bindings.h"
#include "ui/theme.h"

enum { CONFIG_FOLDERS_MAX = 8, ROLES_MAX = 64, ROLE_NAME = 32 };

/* A named system message. */
typedef struct ConfigRole {
    char name[ROLE_NAME]; /* letters, digits, "-", "_" */
    char *system;
} ConfigRole;

typedef struct Config {
    char *path; /* where it was read from; NULL = there is no such file */
    ThemeChoice theme;
    bool mouse;    /* the screen takes the mouse */
    char *profile; /* in place of "coder"; NULL = not given */
    int n_folders;
    char *folders[CONFIG_FOLDERS_MAX]; /* of models, each an absolute path */
    KeyBindings keys;
    int n_roles;
    ConfigRole roles[ROLES_MAX];
    bool has_temperature, has_top_k, has_top_p, has_seed, has_stops;
    double temperature, top_p;
    int top_k, seed;
    Stops stops;
} Config;

/* Which file is read. path: [PATH_BYTES]. *named: $S2D_CONFIG names it, so that it has to be there. */
int config_path(char *path, bool *named, Err *err);
/* From now on, and for the worker, this is the file. */
int config_choose(const char *path, Err *err);

/* On success config_close; on failure nothing is left to close. No file is what an empty one is. */
int config_open(Config *config, Err *err);
/* The same from memory (tests, fuzzing); path is for messages only. */
int config_parse(Config *config, const char *yaml, size_t bytes, const char *path, Err *err);
void config_close(Config *config);

/* The role of that name; NULL: EXIT_USAGE, and err names those there are. */
const ConfigRole *config_role(const Config *config, const char *name, Err *err);
/* The roles' names, ", " between them; "" = there are none. Returns text. */
const char *config_roles_text(const Config *config, char *text, size_t size);

/* What the config has of sampling, in place of the profile's. */
void config_lay_over(const Config *config, Profile *profile);

#endif
