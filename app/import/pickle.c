/* pickle.c - the instructions of a pickle, one after the other; see pickle.h.
 *
 * Their names and numbers are those of Python's pickletools.
 */
#include "app/import/pickle.h"

#include <string.h>

#include "app/import/pickle_parts.h"

enum { PROTOCOL_FIRST = 2, PROTOCOL_LAST = 5 };

static int push_new(Pickle *pickle, PickleKind kind)
{
    return pickle_push(pickle, pickle_new(pickle, kind));
}

/* The stack's values from `from` on become a tuple. */
static int push_tuple(Pickle *pickle, size_t from)
{
    PickleValue *tuple = pickle_new(pickle, PICKLE_TUPLE);
    if (tuple == NULL || pickle_move(pickle, tuple, from) != 0)
        return -1;
    return pickle_push(pickle, tuple);
}

static int push_short_tuple(Pickle *pickle, size_t n)
{
    if (pickle->depth - pickle_floor(pickle) < n)
        return pickle_fault(pickle, "a tuple of values that are not there; is the file damaged?");
    return push_tuple(pickle, pickle->depth - n);
}

/* What is above `from` goes into the list or dict below it. */
static int fill(Pickle *pickle, size_t from, PickleKind kind)
{
    size_t n = pickle->depth - from;
    if (from <= pickle_floor(pickle) || pickle->stack[from - 1]->kind != kind)
        return pickle_fault(pickle, "it fills what is no %s; is the file damaged?",
                            kind == PICKLE_DICT ? "dict" : "list");
    if (kind == PICKLE_DICT && n % 2 != 0)
        return pickle_fault(pickle, "a dict gets a key without a value; is the file damaged?");
    return pickle_move(pickle, pickle->stack[from - 1], from);
}

static int fill_marked(Pickle *pickle, PickleKind kind)
{
    size_t from;
    return pickle_unmark(pickle, &from) != 0 ? -1 : fill(pickle, from, kind);
}

static int fill_with(Pickle *pickle, size_t n, PickleKind kind)
{
    if (pickle->depth - pickle_floor(pickle) < n)
        return pickle_fault(pickle, "it fills in values that are not there; is the file damaged?");
    return fill(pickle, pickle->depth - n, kind);
}

/* Both lines of a name. INST calls it at once, and nothing that s2d knows is called that way. */
static int push_name(Pickle *pickle, bool inst)
{
    size_t module_bytes, name_bytes;
    const char *module = pickle_take_line(pickle, &module_bytes);
    const char *name = module == NULL ? NULL : pickle_take_line(pickle, &name_bytes);
    PickleValue *value =
        name == NULL ? NULL : pickle_name(pickle, module, module_bytes, name, name_bytes);
    if (value != NULL && inst)
        return pickle_fault(pickle,
                            "it wants to make an object by INST, which torch.save does not");
    return pickle_push(pickle, value);
}

static int push_stack_name(Pickle *pickle)
{
    PickleValue *name = pickle_pop(pickle), *module = name == NULL ? NULL : pickle_pop(pickle);
    if (module == NULL)
        return -1;
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT)
        return pickle_fault(pickle, "a name that is no text; is the file damaged?");
    return pickle_push(pickle, pickle_name(pickle, module->text.bytes, module->text.length,
                                           name->text.bytes, name->text.length));
}

static int reduce(Pickle *pickle)
{
    PickleValue *arguments = pickle_pop(pickle);
    PickleValue *call = arguments == NULL ? NULL : pickle_pop(pickle);
    return call == NULL ? -1 : pickle_push(pickle, pickle_call(pickle, call, arguments));
}

/* A state dict is an OrderedDict with an attribute, _metadata: the versions of its modules. */
static int build(Pickle *pickle)
{
    PickleValue *state = pickle_pop(pickle), *object = state == NULL ? NULL : pickle_top(pickle);
    if (object == NULL)
        return -1;
    if (object->kind == PICKLE_DICT && object->list.ordered && state->kind == PICKLE_DICT)
        return 0;
    return pickle_fault(pickle, "it wants to set the state of what is no OrderedDict; save the "
                                "tensors alone: torch.save(model.state_dict(), FILE)");
}

static int push_persistent(Pickle *pickle)
{
    PickleValue *id = pickle_pop(pickle);
    return id == NULL ? -1 : pickle_push(pickle, pickle_persistent(pickle, id));
}

/* The index of something in the memo. */
static int recall(Pickle *pickle, int bytes)
{
    uint64_t index;
    return pickle_take_size(pickle, bytes, &index) != 0 ? -1 : pickle_recall(pickle, index);
}

static int remember(Pickle *pickle, int bytes)
{
    uint64_t index;
    return pickle_take_size(pickle, bytes, &index) != 0 ? -1 : pickle_remember(pickle, index);
}

static int protocol(Pickle *pickle)
{
    uint64_t version;
    if (pickle_take_size(pickle, 1, &version) != 0)
        return -1;
    if (version < PROTOCOL_FIRST || version > PROTOCOL_LAST)
        return pickle_fault(pickle, "pickle protocol %d; s2d reads %d to %d", (int)version,
                            PROTOCOL_FIRST, PROTOCOL_LAST);
    return 0;
}

static int pop_marked(Pickle *pickle)
{
    size_t from;
    if (pickle_unmark(pickle, &from) != 0)
        return -1;
    pickle->depth = from;
    return 0;
}

/* POP: a value, or a mark where one is on top. */
static int pop(Pickle *pickle)
{
    if (pickle->n_marks > 0 && pickle->marks[pickle->n_marks - 1] == pickle->depth)
        return pop_marked(pickle);
    return pickle_pop(pickle) == NULL ? -1 : 0;
}

static int step(Pickle *pickle, unsigned char instruction)
{
    uint64_t ignored;
    size_t from;
    switch (instruction) {
    case 0x80: /* PROTO */
        return protocol(pickle);
    case 0x95: /* FRAME: how far to read ahead */
        return pickle_take_size(pickle, 8, &ignored);
    case '(': /* MARK */
        return pickle_mark(pickle);
    case '0': /* POP */
        return pop(pickle);
    case '1': /* POP_MARK */
        return pop_marked(pickle);
    case '2': /* DUP */
        return pickle_push(pickle, pickle_top(pickle));
    case 'N': /* NONE */
        return push_new(pickle, PICKLE_NONE);
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return pickle_push_integer(pickle, PICKLE_BOOL, instruction == 0x88);
    case 'J': /* BININT */
        return pickle_push_fixed(pickle, 4, true);
    case 'K': /* BININT1 */
        return pickle_push_fixed(pickle, 1, false);
    case 'M': /* BININT2 */
        return pickle_push_fixed(pickle, 2, false);
    case 0x8a: /* LONG1 */
        return pickle_push_long(pickle, 1);
    case 0x8b: /* LONG4 */
        return pickle_push_long(pickle, 4);
    case 'G': /* BINFLOAT: what a number is does not matter here */
        return pickle_take_size(pickle, 8, &ignored) != 0 ? -1 : push_new(pickle, PICKLE_NUMBER);
    case 0x8c: /* SHORT_BINUNICODE */
    case 'U':  /* SHORT_BINSTRING */
    case 'C':  /* SHORT_BINBYTES */
        return pickle_push_text(pickle, 1);
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */
    case 'B': /* BINBYTES */
        return pickle_push_text(pickle, 4);
    case 0x8d: /* BINUNICODE8 */
    case 0x8e: /* BINBYTES8 */
        return pickle_push_text(pickle, 8);
    case ')': /* EMPTY_TUPLE */
        return push_new(pickle, PICKLE_TUPLE);
    case 0x85: /* TUPLE1 */
    case 0x86:
    case 0x87: /* TUPLE3 */
        return push_short_tuple(pickle, (size_t)(instruction - 0x84));
    case 't': /* TUPLE */
        return pickle_unmark(pickle, &from) != 0 ? -1 : push_tuple(pickle, from);
    case ']': /* EMPTY_LIST */
        return push_new(pickle, PICKLE_LIST);
    case '}': /* EMPTY_DICT */
        return push_new(pickle, PICKLE_DICT);
    case 'a': /* APPEND */
        return fill_with(pickle, 1, PICKLE_LIST);
    case 'e': /* APPENDS */
        return fill_marked(pickle, PICKLE_LIST);
    case 's': /* SETITEM */
        return fill_with(pickle, 2, PICKLE_DICT);
    case 'u': /* SETITEMS */
        return fill_marked(pickle, PICKLE_DICT);
    case 'q': /* BINPUT */
        return remember(pickle, 1);
    case 'r': /* LONG_BINPUT */
        return remember(pickle, 4);
    case 0x94: /* MEMOIZE */
        return pickle_remember(pickle, pickle->memo_next);
    case 'h': /* BINGET */
        return recall(pickle, 1);
    case 'j': /* LONG_BINGET */
        return recall(pickle, 4);
    case 'c': /* GLOBAL */
    case 'i': /* INST */
        return push_name(pickle, instruction == 'i');
    case 0x93: /* STACK_GLOBAL */
        return push_stack_name(pickle);
    case 'R': /* REDUCE */
        return reduce(pickle);
    case 'b': /* BUILD */
        return build(pickle);
    case 'Q': /* BINPERSID */
        return push_persistent(pickle);
    default:
        return pickle_fault(pickle,
                            "instruction 0x%02x, which a file of tensors does not need; save them "
                            "alone: torch.save(model.state_dict(), FILE)",
                            instruction);
    }
}

int pickle_read(Pickle *pickle, const void *bytes, size_t size, const char *label, Err *err)
{
    *pickle = (Pickle){.bytes = bytes, .size = size, .label = label, .err = err};
    if (size > PICKLE_BYTES_MAX)
        return pickle_fault(pickle, "%zu bytes long; s2d reads up to %d", size, PICKLE_BYTES_MAX);
    if (size == 0 || pickle->bytes[0] != 0x80)
        return pickle_fault(pickle, "no pickle of protocol %d to %d", PROTOCOL_FIRST,
                            PROTOCOL_LAST);
    while (pickle->at < size) {
        unsigned char instruction = pickle->bytes[pickle->at++];
        if (instruction != '.') { /* STOP */
            if (step(pickle, instruction) != 0)
                return -1;
            continue;
        }
        pickle->result = pickle_pop(pickle);
        if (pickle->result == NULL)
            return -1;
        if (pickle->depth != 0 || pickle->n_marks != 0 || pickle->at != size)
            return pickle_fault(pickle, "it ends with something left over; is the file damaged?");
        return 0;
    }
    return pickle_fault(pickle, "it has no end; is the file complete?");
}
