/* attention.h - kernels: softmax(q · keys / sqrt(dim)) · values over prefixes and trees.
 *
 * A row's logical positions are cut into pieces of PIECE, counted from 0, as many as lie at least
 * TAIL positions before its end, and a tail of TAIL … TAIL + PIECE - 1. No piece reaches into a
 * tree, so slots are positions there: attend_pieces takes a piece once for QUERIES queries, by mma.
 * The tail is gathered row by row in the order of positions (attend), which then adds the pieces up
 * in their order. So where a tree's slots lie, where the prefix ends and which other rows there are
 * changes no bit. Where a row sees its last positions only, its pieces begin with the one that has
 * the first of them, and what comes before in it weighs nothing.
 *
 * Queries and probabilities are pairs of halves, most significant first (22 bits; 16 with the
 * scales of bytes): only keys and values are as short as the cache holds them. (Pieces: flash
 * decoding, crfm.stanford.edu 2023.)
 */
#ifndef S2D_KERNELS_CUDA_DEVICE_ATTENTION_H
#define S2D_KERNELS_CUDA_DEVICE_ATTENTION_H

#include "kernels/cuda/device/kv_store.h"
#include "kernels/cuda/device/mma.h"

enum {
    QUERY_TILES = QUERIES / COLUMNS,
    SLOT_TILES = PIECE / 16, /* one per warp */
    SCORE_STRIDE = PIECE + 4,
    TAIL_MAX = TAIL + PIECE,
    HEADS_AT_ONCE = WARPS,
    PIECES_SHARED = QUERIES * SCORE_STRIDE * 4 + 2 * SLOT_TILES * QUERY_TILES * WARP * 8,
    ATTEND_SHARED = (HEADS_AT_ONCE * (DIM_MAX + TAIL_MAX + 2) + TAIL_MAX) * 4,
};

typedef struct Query {
    int valid;    /* it has this piece */
    int first;    /* position that it sees */
    size_t at;    /* in q and out, in heads */
    size_t piece; /* in the pieces' results, in heads */
} Query;

BODY int pieces_of(int length)
{
    return length > TAIL ? (length - TAIL) / PIECE : 0;
}

/* The first position that a row of this length sees. */
BODY int first_seen(const AttendArgs *a, int length)
{
    return a->window && length > a->window ? length - a->window : 0;
}

/* The first piece that any row of this launch has: theirs are counted from there. */
BODY int first_piece(const AttendArgs *a)
{
    int least = NO_ID;
    if (!a->window)
        return 0;
    for (int row = a->first; row < a->first + a->rows && row < a->meta->rows; row++) {
        int length = a->meta->length[row], first = first_seen(a, length) / PIECE;
        if (first < pieces_of(length) && first < least)
            least = first;
    }
    return least == NO_ID ? 0 : least;
}

BODY Query query_at(const Lane *at, const AttendArgs *a, int piece, int i)
{
    int group = a->heads / a->kv.heads, j = at->block_x * QUERIES + i;
    int row = a->first + j / group, head = at->block_z * group + j % group;
    Query q;
    q.first = 0;
    q.valid = j / group < a->rows && row < a->meta->rows;
    if (q.valid) {
        int length = a->meta->length[row];
        q.first = first_seen(a, length);
        q.valid = pieces_of(length) > piece && q.first / PIECE <= piece;
    }
    q.at = (size_t)row * (size_t)a->heads + (size_t)head;
    q.piece = (size_t)(at->block_y * a->rows + j / group) * (size_t)a->heads + (size_t)head;
    return q;
}

/* Two dimensions of a query, as pairs of their most and least significant halves. */
BODY void query_pair(const AttendArgs *a, const Query *q, int d, uint32_t *most, uint32_t *rest)
{
    float v[2] = {0.0f, 0.0f};
    for (int e = 0; e < 2; e++) {
        if (q->valid && d + e < a->q_dim)
            v[e] = a->q[q->at * (size_t)a->q_dim + (size_t)(d + e)] * a->scale;
    }
    *most = pair_float(v[0], v[1]);
    *rest =
        pair_float(v[0] - half_float((uint16_t)*most), v[1] - half_float((uint16_t)(*most >> 16)));
}

/* A lane's part of a tile of bytes, as pairs of halves, or of bf16: both hold them exactly. */
BODY Words bytes_load(const uint8_t *tile, int lane, int bf16)
{
    const uint32_t *from = (const uint32_t *)tile + lane * 2;
    Words out;
    UNROLL
    for (int i = 0; i < 4; i++) {
        uint32_t two = from[i / 2] >> 16 * (i % 2);
        if (bf16)
            out.w[i] = pair((uint16_t)(float_bits((float)(int8_t)two) >> 16),
                            (uint16_t)(float_bits((float)(int8_t)(two >> 8)) >> 16));
        else /* 1024 + byte + 128, less 1152 */
            out.w[i] = half2_sub(bytes_pick(two ^ 0x8080, 0x64646464, 0x4140), 0x64806480);
    }
    return out;
}

/* scores: [QUERIES][SCORE_STRIDE], of this warp's 16 slots. q8 is a constant: a sum of bytes times
 * the scale of their 32 dimensions. */
BODY void piece_scores(const Lane *at, const AttendArgs *a, int piece, int q8, float *scores)
{
    int lane = lane_id(at), g = lane / 4, t = lane % 4, slot = piece * PIECE + warp_id(at) * 16;
    uint8_t *block = a->kv.keys + kv_block(&a->kv, at->block_z, slot);
    float c[QUERY_TILES][4], sum[QUERY_TILES][4];
    Query query[QUERY_TILES];
    UNROLL
    for (int n = 0; n < QUERY_TILES; n++) {
        query[n] = query_at(at, a, piece, n * COLUMNS + g);
        UNROLL
        for (int r = 0; r < 4; r++)
            c[n][r] = sum[n][r] = 0.0f;
    }
    for (int d = 0; d < a->kv.padded; d += 16) {
        Words key =
            q8 ? bytes_load(block + d * 16, lane, 0) : *(const Words *)(block + d * 32 + lane * 16);
        UNROLL
        for (int n = 0; n < QUERY_TILES; n++) {
            uint32_t most[2], rest[2];
            query_pair(a, &query[n], d + 2 * t, &most[0], &rest[0]);
            query_pair(a, &query[n], d + 2 * t + 8, &most[1], &rest[1]);
            mma_half(at, c[n], key.w, most);
            mma_half(at, c[n], key.w, rest);
        }
        if (!q8 || (d % KV_GROUP == 0 && d + 16 < a->kv.padded))
            continue;
        float low = bf16_float(*kv_scale(&a->kv, block, g, d));
        float high = bf16_float(*kv_scale(&a->kv, block, g + 8, d));
        UNROLL
        for (int n = 0; n < QUERY_TILES; n++) {
            UNROLL
            for (int r = 0; r < 4; r++) {
                sum[n][r] = fmaf(r < 2 ? low : high, c[n][r], sum[n][r]);
                c[n][r] = 0.0f;
            }
        }
    }
    UNROLL
    for (int n = 0; n < QUERY_TILES; n++) {
        UNROLL
        for (int r = 0; r < 4; r++)
            scores[(n * COLUMNS + 2 * t + r % 2) * SCORE_STRIDE + warp_id(at) * 16 + g +
                   r / 2 * 8] = q8 ? sum[n][r] : c[n][r];
    }
}

/* Scores of this warp's queries to probabilities, as the second operand of values times them.
 * weights: [2 planes][SLOT_TILES][QUERY_TILES][WARP][4] halves */
BODY void piece_softmax(const Lane *at, const AttendArgs *a, int piece, const float *scores,
                        uint16_t *weights)
{
    enum { PLANE = SLOT_TILES * QUERY_TILES * WARP * 4 };
    int lane = lane_id(at);
    for (int i = warp_id(at); i < QUERIES; i += WARPS) {
        const float *row = scores + i * SCORE_STRIDE;
        Query query = query_at(at, a, piece, i);
        int from = query.first - piece * PIECE; /* what it sees of the piece */
        float most = -INFINITY, sum = 0.0f;
        for (int s = lane; s < PIECE; s += WARP)
            most = s < from ? most : larger(most, row[s]);
        most = warp_max(at, most);
        for (int s = lane; s < PIECE; s += WARP) {
            float p = s < from ? 0.0f : expf(row[s] - most);
            uint16_t high = float_half(p);
            int to = ((s / 16 * QUERY_TILES + i / COLUMNS) * WARP + i % 8 * 4 + s % 8 / 2) * 4 +
                     s % 16 / 8 * 2 + s % 2;
            weights[to] = high;
            weights[PLANE + to] = float_half(p - half_float(high));
            sum += p;
        }
        sum = warp_sum(at, sum, WARP);
        if (lane == 0 && query.valid) {
            a->weight[query.piece * 2] = most;
            a->weight[query.piece * 2 + 1] = sum;
        }
    }
}

/* Probabilities of pairs of slots times the values' scales there, as pairs of bf16, most
 * significant first (16 bits): halves do not have the range. */
BODY void scaled_pair(uint32_t most, uint32_t rest, uint32_t scales, uint32_t out[2])
{
    float v[2];
    UNROLL
    for (int e = 0; e < 2; e++)
        v[e] = (half_float((uint16_t)(most >> 16 * e)) + half_float((uint16_t)(rest >> 16 * e))) *
               bf16_float((uint16_t)(scales >> 16 * e));
    out[0] = pair(float_bf16(v[0]), float_bf16(v[1]));
    out[1] = pair(float_bf16(v[0] - bf16_float((uint16_t)out[0])),
                  float_bf16(v[1] - bf16_float((uint16_t)(out[0] >> 16))));
}

/* The values of this warp's dimensions. */
BODY void piece_values(const Lane *at, const AttendArgs *a, int piece, int q8,
                       const uint16_t *weights)
{
    enum { PLANE = SLOT_TILES * QUERY_TILES * WARP };
    const uint32_t(*p)[2] = (const uint32_t(*)[2])weights;
    int lane = lane_id(at), g = lane / 4, t = lane % 4, slot = piece * PIECE;
    for (int d = warp_id(at) * 16; d < a->kv.padded; d += WARPS * 16) {
        float c[QUERY_TILES][4];
        UNROLL
        for (int n = 0; n < QUERY_TILES; n++)
            c[n][0] = c[n][1] = c[n][2] = c[n][3] = 0.0f;
        for (int s = 0; s < SLOT_TILES; s++) {
            uint8_t *block = a->kv.values + kv_block(&a->kv, at->block_z, slot + s * 16);
            Words v = q8 ? bytes_load(block + d * 16, lane, 1)
                         : *(const Words *)(block + d * 32 + lane * 16);
            const uint32_t *scales = (const uint32_t *)kv_scale(&a->kv, block, 2 * t, d);
            UNROLL
            for (int n = 0; n < QUERY_TILES; n++) {
                const uint32_t *b = p[(s * QUERY_TILES + n) * WARP + lane];
                if (!q8) {
                    mma_half(at, c[n], v.w, b);
                    mma_half(at, c[n], v.w, b + 2 * PLANE);
                    continue;
                }
                uint32_t low[2], high[2], most[2], rest[2]; /* slots 2 t …, 2 t + 8 … */
                scaled_pair(b[0], b[2 * PLANE], scales[0], low);
                scaled_pair(b[1], b[2 * PLANE + 1], scales[4], high);
                most[0] = low[0], most[1] = high[0];
                rest[0] = low[1], rest[1] = high[1];
                mma_bf16(at, c[n], v.w, most);
                mma_bf16(at, c[n], v.w, rest);
            }
        }
        UNROLL
        for (int n = 0; n < QUERY_TILES; n++) {
            UNROLL
            for (int r = 0; r < 4; r++) {
                Query query = query_at(at, a, piece, n * COLUMNS + 2 * t + r % 2);
                int dim = d + g + r / 2 * 8;
                if (query.valid && dim < a->kv.dim)
                    a->piece[query.piece * (size_t)a->kv.dim + (size_t)dim] = c[n][r];
            }
        }
    }
}

/* grid: queries in QUERIES, pieces, key heads; shared: PIECES_SHARED */
BODY void attend_pieces_body(const Lane *at, const AttendArgs *a)
{
    float *scores = (float *)at->shared;
    uint16_t *weights = (uint16_t *)(scores + QUERIES * SCORE_STRIDE);
    int valid = 0, piece = first_piece(a) + at->block_y;
    for (int i = 0; i < QUERIES; i++)
        valid |= query_at(at, a, piece, i).valid;
    if (!valid)
        return;
    if (a->kv.q8)
        piece_scores(at, a, piece, 1, scores);
    else
        piece_scores(at, a, piece, 0, scores);
    block_sync(at);
    piece_softmax(at, a, piece, scores, weights);
    block_sync(at);
    if (a->kv.q8)
        piece_values(at, a, piece, 1, weights);
    else
        piece_values(at, a, piece, 0, weights);
}

/* The tail of one row for up to HEADS_AT_ONCE of its heads. */
typedef struct Tail {
    int row, count, head, heads; /* count: positions; head: the first one */
    int pieces, before;          /* that the row has, of them all how many come before its own */
    float *q;                    /* [heads][padded] */
    float *p;                    /* [heads][TAIL_MAX] scores, then probabilities */
    float *most, *sum;           /* [heads] */
    int *slots;                  /* [TAIL_MAX] */
} Tail;

BODY void tail_slots(const Lane *at, const AttendArgs *a, const Tail *tail)
{
    const Meta *meta = a->meta;
    int first = meta->length[tail->row] - tail->count, prefix = meta->prefix[tail->row];
    uint64_t mask = meta->mask[tail->row];
    for (int i = at->thread; first + i < prefix; i += THREADS)
        tail->slots[i] = first + i;
    if (at->thread < TREE_SLOTS && mask >> at->thread & 1) {
        uint64_t before = mask & (((uint64_t)1 << at->thread) - 1);
        int to = prefix - first + bits_count(before);
        if (to >= 0)
            tail->slots[to] = meta->base + at->thread;
    }
}

/* A thread has a position, and its key for all heads. */
BODY void tail_scores(const Lane *at, const AttendArgs *a, const Tail *tail, int key_head)
{
    if (at->thread >= tail->count)
        return;
    int slot = tail->slots[at->thread];
    uint8_t *block = a->kv.keys + kv_block(&a->kv, key_head, slot);
    float score[HEADS_AT_ONCE];
    UNROLL
    for (int h = 0; h < HEADS_AT_ONCE; h++)
        score[h] = 0.0f;
    for (int d = 0; d < a->kv.padded; d += 16) {
        UNROLL
        for (int t = 0; t < 8; t++) { /* pairs of dimensions lie together */
            int pair_at = key_at(slot, d + 2 * t);
            float low = kv_element(&a->kv, block, pair_at, slot, d);
            float high = kv_element(&a->kv, block, pair_at + 1, slot, d);
            UNROLL
            for (int h = 0; h < HEADS_AT_ONCE; h++) {
                if (h >= tail->heads)
                    continue;
                const float *q = tail->q + h * a->kv.padded + d + 2 * t;
                score[h] = fmaf(q[0], low, score[h]);
                score[h] = fmaf(q[1], high, score[h]);
            }
        }
    }
    UNROLL
    for (int h = 0; h < HEADS_AT_ONCE; h++) {
        if (h < tail->heads)
            tail->p[h * TAIL_MAX + at->thread] = score[h];
    }
}

/* A warp has a head. */
BODY void tail_softmax(const Lane *at, const Tail *tail)
{
    int lane = lane_id(at), h = warp_id(at);
    if (h >= tail->heads)
        return;
    float *p = tail->p + h * TAIL_MAX, most = -INFINITY, sum = 0.0f;
    for (int i = lane; i < tail->count; i += WARP)
        most = larger(p[i], most);
    most = warp_max(at, most);
    for (int i = lane; i < tail->count; i += WARP) {
        p[i] = expf(p[i] - most);
        sum += p[i];
    }
    sum = warp_sum(at, sum, WARP);
    if (lane == 0) {
        tail->most[h] = most;
        tail->sum[h] = sum;
    }
}

/* A head's pieces in their order, then its tail; value: of the tail. */
BODY float pieces_sum(const AttendArgs *a, const Tail *tail, int h, int d, float value)
{
    int pieces = tail->pieces;
    size_t stride = (size_t)a->rows * (size_t)a->heads;
    size_t at = (size_t)tail->before * stride + (size_t)(tail->row - a->first) * (size_t)a->heads +
                (size_t)(tail->head + h);
    float most = tail->most[h], total = 0.0f, sum = 0.0f;
    for (int i = 0; i < pieces; i++)
        most = larger(most, a->weight[((size_t)i * stride + at) * 2]);
    for (int i = 0; i < pieces; i++) {
        size_t piece = (size_t)i * stride + at;
        float factor = expf(a->weight[piece * 2] - most);
        total = fmaf(factor, a->weight[piece * 2 + 1], total);
        sum = fmaf(factor, a->piece[piece * (size_t)a->kv.dim + (size_t)d], sum);
    }
    float factor = expf(tail->most[h] - most);
    return fmaf(factor, value, sum) / fmaf(factor, tail->sum[h], total);
}

/* A thread has a dimension, and every so many heads. */
BODY void tail_values(const Lane *at, const AttendArgs *a, const Tail *tail, int key_head)
{
    int dims = a->kv.dim, teams = dims < THREADS ? THREADS / dims : 1;
    int team = dims < THREADS ? at->thread / dims : 0;
    int first = dims < THREADS ? at->thread % dims : at->thread;
    for (int d = first; d < dims && team < teams; d += THREADS) {
        float sum[HEADS_AT_ONCE];
        UNROLL
        for (int i = 0; i < HEADS_AT_ONCE; i++)
            sum[i] = 0.0f;
        for (int j = 0; j < tail->count; j++) {
            int slot = tail->slots[j];
            uint8_t *block = a->kv.values + kv_block(&a->kv, key_head, slot);
            float v = kv_element(&a->kv, block, value_at(slot, d), slot, d);
            UNROLL
            for (int i = 0; i < HEADS_AT_ONCE; i++) {
                int h = team + i * teams;
                if (h < tail->heads)
                    sum[i] = fmaf(tail->p[h * TAIL_MAX + j], v, sum[i]);
            }
        }
        UNROLL
        for (int i = 0; i < HEADS_AT_ONCE; i++) {
            int h = team + i * teams;
            if (h < tail->heads) {
                size_t to = (size_t)tail->row * (size_t)a->heads + (size_t)(tail->head + h);
                a->out[to * (size_t)dims + (size_t)d] = pieces_sum(a, tail, h, d, sum[i]);
            }
        }
    }
}

/* grid: rows, key heads; shared: ATTEND_SHARED */
BODY void attend_body(const Lane *at, const AttendArgs *a)
{
    int row = a->first + at->block_x, key_head = at->block_y, group = a->heads / a->kv.heads;
    if (row >= a->meta->rows)
        return;
    Tail tail;
    tail.row = row;
    int length = a->meta->length[row], seen = first_seen(a, length), pieces = pieces_of(length);
    tail.count = length - (seen > pieces * PIECE ? seen : pieces * PIECE);
    tail.pieces = seen / PIECE < pieces ? pieces - seen / PIECE : 0;
    tail.before = tail.pieces ? seen / PIECE - first_piece(a) : 0;
    tail.q = (float *)at->shared;
    tail.p = tail.q + HEADS_AT_ONCE * a->kv.padded;
    tail.most = tail.p + HEADS_AT_ONCE * TAIL_MAX;
    tail.sum = tail.most + HEADS_AT_ONCE;
    tail.slots = (int *)(tail.sum + HEADS_AT_ONCE);
    tail_slots(at, a, &tail);
    for (int h = 0; h < group; h += HEADS_AT_ONCE) {
        tail.head = key_head * group + h;
        tail.heads = group - h < HEADS_AT_ONCE ? group - h : HEADS_AT_ONCE;
        for (int i = at->thread; i < tail.heads * a->kv.padded; i += THREADS) {
            int d = i % a->kv.padded, head = tail.head + i / a->kv.padded;
            size_t from = ((size_t)row * (size_t)a->heads + (size_t)head) * (size_t)a->q_dim;
            tail.q[i] = d < a->q_dim ? a->q[from + (size_t)d] * a->scale : 0.0f;
        }
        block_sync(at);
        tail_scores(at, a, &tail, key_head);
        block_sync(at);
        tail_softmax(at, &tail);
        block_sync(at);
        tail_values(at, a, &tail, key_head);
        block_sync(at);
    }
}

#endif
