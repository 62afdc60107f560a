/* hub_place.c - see hub_place.h. */
#include "app/pull/hub_place.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"

/* A variable that is set and not empty, else NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static bool is_true(const char *value)
{
    static const char *const words[] = {"1", "ON", "YES", "TRUE"};
    for (size_t i = 0; value && i < sizeof words / sizeof *words; i++)
        if (strcasecmp(value, words[i]) == 0)
            return true;
    return false;
}

/* Whether what is sent to that host stays on this machine. */
static bool is_here(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* Fills plain; here: whether the host is this machine. -1 = no address of a server. */
static int check_endpoint(HubPlace *place, bool *here)
{
    static const CURLUPart none[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                     CURLUPART_FRAGMENT};
    char *scheme = NULL, *host = NULL, *more = NULL;
    CURLU *url = curl_url();
    int result = url && curl_url_set(url, CURLUPART_URL, place->endpoint, 0) == CURLUE_OK &&
                         curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                         curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK
                     ? 0
                     : -1;
    for (size_t i = 0; result == 0 && i < sizeof none / sizeof *none; i++)
        if (curl_url_get(url, none[i], &more, 0) == CURLUE_OK)
            result = -1;
    if (result == 0) {
        place->plain = strcmp(scheme, "http") == 0;
        *here = is_here(host);
        result = place->plain || strcmp(scheme, "https") == 0 ? 0 : -1;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(more);
    curl_url_cleanup(url);
    return result;
}

static int read_endpoint(HubPlace *place, bool *here, Err *err)
{
    const char *given = variable("HF_ENDPOINT");
    int n = snprintf(place->endpoint, sizeof place->endpoint, "%s",
                     given ? given : "https://huggingface.co");
    bool whole = n > 0 && (size_t)n < sizeof place->endpoint;
    while (whole && n > 0 && place->endpoint[n - 1] == '/')
        place->endpoint[--n] = '\0';
    /* What it says is not repeated: there may be a password in it. */
    if (!whole || strpbrk(place->endpoint, " \t\r\n") || check_endpoint(place, here) != 0)
        return err_set(err, EXIT_USAGE,
                       "HF_ENDPOINT is no address of a hub; one looks like https://huggingface.co");
    return 0;
}

/* path: PATH_BYTES; "" = nowhere. */
static void token_path(char *path)
{
    const char *given = variable("HF_TOKEN_PATH"), *home = variable("HF_HOME");
    const char *text = given ? given : home;
    const char *folder =
        text && text[0] == '~' && (text[1] == '/' || text[1] == '\0') ? variable("HOME") : NULL;
    int n = 0;
    if (text)
        n = snprintf(path, PATH_BYTES, "%s%s%s", folder ? folder : "", folder ? text + 1 : text,
                     given ? "" : "/token");
    else if (paths_get(PLACE_CACHE, "huggingface/token", path, PATH_BYTES, NULL) != 0)
        n = PATH_BYTES;
    if (n < 0 || n >= PATH_BYTES)
        path[0] = '\0';
}

static int read_token(HubPlace *place, Err *err)
{
    const char *given = variable("HF_TOKEN");
    char path[PATH_BYTES], text[HUB_TOKEN_BYTES + 1];
    given = given ? given : variable("HUGGING_FACE_HUB_TOKEN");
    size_t bytes = 0, length = 0;
    if (given) {
        bytes = (size_t)snprintf(text, sizeof text, "%s", given);
    } else {
        token_path(path);
        ssize_t got = path[0] ? read_start(path, text, sizeof text - 1) : 0;
        if (got < 0 && errno != ENOENT && errno != ENOTDIR)
            return err_set(err, EXIT_IO, "cannot read the token in %.300s: %s", path,
                           strerror(errno));
        bytes = got > 0 ? (size_t)got : 0;
        text[bytes] = '\0';
    }
    bool fits = bytes < HUB_TOKEN_BYTES;
    for (size_t i = 0; fits && i < bytes; i++) {
        if (isspace((unsigned char)text[i]))
            continue;
        fits = text[i] > ' ' && text[i] <= '~';
        place->token[length++] = text[i];
    }
    place->token[length] = '\0';
    if (fits)
        return 0;
    place->token[0] = '\0';
    return err_set(err, EXIT_USAGE,
                   "the hub's token (%.300s) can be none: it is too long, or more "
                   "than letters, digits and signs",
                   given ? "HF_TOKEN" : path);
}

int hub_place(HubPlace *place, Err *err)
{
    bool here = false;
    *place = (HubPlace){0};
    if (read_endpoint(place, &here, err) != 0)
        return -1;
    if (!is_true(getenv("HF_HUB_DISABLE_IMPLICIT_TOKEN")) && read_token(place, err) != 0)
        return -1;
    place->withheld = place->token[0] && place->plain && !here;
    if (place->withheld)
        place->token[0] = '\0';
    return 0;
}
