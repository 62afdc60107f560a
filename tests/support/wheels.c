/* wheels.c - see wheels.h. */
#include "tests/support/wheels.h"

#include <stdio.h>
#include <stdlib.h>

/* argv: folder. */
static const char script[] =
    "import sys, zipfile\n"
    "for n in '12':\n"
    "    info = f'part{n}-1.0.dist-info/'\n"
    "    with zipfile.ZipFile(f'{sys.argv[1]}/part{n}-1.0-py3-none-any.whl', 'w') as z:\n"
    "        z.writestr(f'part{n}/part0{n}.bin', n * 5000)\n"
    "        z.writestr(info + 'METADATA', f'Metadata-Version: 2.1\\nName: part{n}\\nVersion: "
    "1.0\\n')\n"
    "        z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
    "Tag: py3-none-any\\n')\n"
    "        z.writestr(info + 'RECORD', '')\n";

bool wheels_make(const char *folder)
{
    char command[1024];
    snprintf(command, sizeof command, "python3 -c \"%s\" %s", script, folder);
    return system(command) == 0;
}
