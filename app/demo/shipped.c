/* shipped.c - see shipped.h. The Makefile names the two files as well. */
#include "app/demo/shipped.h"

#include <stdint.h>

/* The file's bytes, ended by a NUL, and how many they are without it. */
#define SHIP(name, file)                               \
    __asm__(".section .rodata\n"                       \
            ".globl " name "\n" name ":\n"             \
            ".incbin \"" file "\"\n" name "_end:\n"    \
            ".byte 0\n"                                \
            ".balign 8\n"                              \
            ".globl " name "_bytes\n" name "_bytes:\n" \
            ".quad " name "_end - " name "\n"          \
            ".previous\n")

SHIP("demo_script", "app/demo/demo.yaml");
SHIP("demo_trace", "app/demo/demo.jsonl");

extern const char demo_script[], demo_trace[];
extern const uint64_t demo_script_bytes, demo_trace_bytes;

const char *shipped_script(size_t *bytes)
{
    *bytes = (size_t)demo_script_bytes;
    return demo_script;
}

const char *shipped_trace(size_t *bytes)
{
    *bytes = (size_t)demo_trace_bytes;
    return demo_trace;
}
