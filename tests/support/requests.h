/* requests.h - one request of each kind, with as much in it as it can say. */
#ifndef S2D_TESTS_SUPPORT_REQUESTS_H
#define S2D_TESTS_SUPPORT_REQUESTS_H

#include "app/protocol/request.h"

enum {
    SAMPLE_LOAD,
    SAMPLE_SAY,
    SAMPLE_STOP,
    SAMPLE_SWITCH,
    SAMPLE_SWITCH_NAME,
    SAMPLE_SET,
    SAMPLE_COUNT,
    SAMPLE_QUIT,
    SAMPLE_REQUESTS,
};

extern const Request sample_requests[SAMPLE_REQUESTS];

#endif
