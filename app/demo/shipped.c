/* shipped.c - see shipped.h. The Makefile names the two files as well. */
#include "app/demo/shipped.h"

#define SHIP(name, file)                            \
    __asm__(".section .rodata\n"                    \
            ".global " name "\n" name ":\n"         \
            ".incbin \"" file "\"\n"                \
            ".global " name "_end\n" name "_end:\n" \
            ".byte 0\n"                             \
            ".previous\n")

SHIP("demo_script", "app/demo/demo.yaml");
SHIP("demo_trace", "app/demo/demo.jsonl");

extern const char demo_script[], demo_script_end[], demo_trace[], demo_trace_end[];

const char *shipped_script(size_t *bytes)
{
    *bytes = (size_t)(demo_script_end - demo_script);
    return demo_script;
}

const char *shipped_trace(size_t *bytes)
{
    *bytes = (size_t)(demo_trace_end - demo_trace);
    return demo_trace;
}
