/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/prop/prop-ledger.h - the ledger and its model: who has each frame, and
 * is it bad, as two plain arrays.
 */
#ifndef NV_TESTS_PROP_LEDGER_H
#define NV_TESTS_PROP_LEDGER_H

#include "core/ledger-int.h"
#include "tests/lib/prop.h"

#define POOLS 3u
#define POOL_FRAMES 1536u /* 6 MiB: three bare ranges */
#define FRAMES (POOLS * POOL_FRAMES)
#define OBJECTS 40u

#define must(x) prop_must(world_op, x)

extern uint64_t world_op; /* for messages */

enum what {
	NOTHING,
	VOLUME,
	PART,    /* of a volume that is being resized */
	BARE,
	UNKNOWN,
};

enum pending {
	SETTLED,
	CREATING,
	DELETING,
	GROWING,
	SHRINKING,
	RENAMING,
	MAPPING,
	UNMAPPING,
};

/* Something in the ledger; @id of a frame's owner is its place here, plus 1. */
struct object {
	enum what what;
	enum pending pending; /* what it is in the middle of */
	struct volume *v;     /* VOLUME, PART */
	struct mapping *m;    /* NULL: not in a domain */
	unsigned int part;    /* GROWING, SHRINKING: the part's place */
	uint64_t nr;          /* frames */
};

struct world {
	struct prop rnd;
	struct ledger *l;
	struct pool *pool[POOLS];
	uint64_t mfn[POOLS];  /* where they begin; 0 and 1 are neighbours */
	struct object obj[OBJECTS];
	uint8_t own[FRAMES];  /* object's place + 1; 0: free */
	uint8_t bad[FRAMES];
	uint64_t serial;      /* for names, UUIDs and map_ids */
	uint64_t counts[16];  /* how often each operation succeeded */
};

static inline uint64_t below(struct world *w, uint64_t n)
{
	return prop_below(&w->rnd, n);
}

/* ---- prop-ledger-model.c ---- */
void world_begin(struct world *w);
void world_end(struct world *w);

/** model_index() - the place of a machine frame in the arrays, FRAMES if none */
unsigned int model_index(const struct world *w, uint64_t mfn);
/** model_take() - the extents' frames were @from's and are @to's now; 0 is nobody */
uint64_t model_take(struct world *w, const struct extent *e, uint8_t from,
		    uint8_t to);
/** model_give() - all of @id's frames are free, or an unknown extent's that lies there */
void model_give(struct world *w, uint8_t id);
/** model_best() - frames in the shortest free and good run of at least @nr; 0: none */
uint64_t model_best(const struct world *w, uint64_t nr);
uint64_t model_run_at(const struct world *w, unsigned int at);
/** model_sum_top() - frames in the longest runs of a pool that a volume may have */
uint64_t model_sum_top(const struct world *w, unsigned int pool);
/** world_compare() - is the ledger as the model is, frame by frame? */
void world_compare(struct world *w);
/** world_restart() - nothing is under way: a new ledger from the facts of the old */
void world_restart(struct world *w);

/* ---- prop-ledger-begin.c ---- */
/** op_begin() - one at random */
void op_begin(struct world *w);
struct object *pick(struct world *w, enum what what, enum pending pending);
uint8_t id_of(const struct world *w, const struct object *o);
void object_end(struct world *w, struct object *o);
void memory_may_fail(struct world *w);
bool ran_out(struct world *w, int r);
struct map_request request(struct world *w);

#endif
