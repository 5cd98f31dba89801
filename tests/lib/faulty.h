/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/faulty.h - ports that go wrong where they are told to.
 *
 * Decorators around real ports. Every call to the outside has a number,
 * counted over all ports and all lives of the daemon. The dead do nothing: once
 * the daemon "died" no call reaches the port behind any more, until
 * faulty_revive(); a transaction that was open is rolled back, as by a crash.
 */
#ifndef NV_TESTS_FAULTY_H
#define NV_TESTS_FAULTY_H

#include "port/hv.h"
#include "port/store.h"
#include "port/topo.h"

enum faulty_kind {
	FAULTY_FAIL, /* it is not done, and said so */
	FAULTY_LIE,  /* it is done, and said to have failed */
	FAULTY_DIE,  /* the daemon dies before */
	FAULTY_DIE_LATE, /* the daemon dies after, before it learns anything */
	FAULTY_KINDS,
};

struct faulty_point {
	uint64_t call; /* its number, from 1; 0: none */
	enum faulty_kind kind;
};

struct faulty {
	struct faulty_point plan[2];
	uint64_t calls;
	bool dead;
	bool off; /* nothing goes wrong, nothing is counted */

	/* What the host does just before a call; 0: nothing. */
	uint64_t meanwhile;
	void (*happens)(void *ctx);
	void *ctx;

	struct hv hv;
	struct hv *real_hv;
	struct store store;
	struct store *real_store;
	struct topo_port topo;
	struct topo_port *real_topo;
};

/* The real ports stay the caller's. Use &f->hv, &f->store, &f->topo. */
void faulty_init(struct faulty *f, struct hv *hv, struct store *store, struct topo_port *topo);

/** faulty_revive() - the next life begins */
void faulty_revive(struct faulty *f);

#endif
