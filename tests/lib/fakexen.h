/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/lib/fakexen.h - a host in arrays, for driving nvdimm-core.
 *
 * Every operation that the core asks for is carried out on plain arrays and
 * checked on the way: a frame mapped twice, a broken frame mapped, an unpaired
 * pause or a call with the wrong lock ends the program with a sentence.
 *
 * The locks are real (pthreads), so that several threads may call at once.
 */
#ifndef NV_TESTS_FAKEXEN_H
#define NV_TESTS_FAKEXEN_H

#include <pthread.h>

#include "shim-hypercall/xen/nvdimm-core.h"

#define FX_BASE    0x40000u /* first frame of pmem */
#define FX_FRAMES  4096u
#define FX_GFNS    6144u    /* of a guest: the first 512 are RAM */
#define FX_RAM     512u
#define FX_DOMAINS 4u

#define FX_HOLE 0u
#define FX_IS_RAM 1u

struct fx_host;

struct domain {
	struct fx_host *host;
	uint32_t domid;
	uint8_t handle[16];
	bool exists, dying, crashed, shadow, logdirty;
	bool marked;		/* the core says that it has extents */
	bool mcip;		/* has not handled its last machine check */
	bool pending;		/* has not even begun to */
	int paused;
	uint64_t told;		/* machine checks injected */
	struct nvdimm_vmce last;
	pthread_mutex_t p2m_lock;
	uint32_t p2m[FX_GFNS];	/* FX_HOLE, FX_IS_RAM, or a frame */
	bool super[FX_GFNS / 512];
};

struct fx_host {
	struct nvdimm_core *core;
	struct nvdimm_ops ops;
	pthread_mutex_t core_lock;
	pthread_rwlock_t index_lock;
	struct domain domain[FX_DOMAINS];
	uint32_t user[FX_FRAMES];	/* how many p2m entries have it */
	bool broken[FX_FRAMES];	/* set by the test: may not be mapped */
	bool dirty[FX_FRAMES];	/* not zero */
	uint64_t now_ns, timer_ns, random;
	uint64_t notified;
	int64_t allocated;	/* allocations not yet freed */
	/* Which of the following calls fail: the n-th from now, 0 none. */
	unsigned int fail_alloc, fail_p2m;
};

/* Make a host; its ops may be changed before the core is made. */
void fx_init(struct fx_host *h);
/* Make the core. */
void fx_start(struct fx_host *h);
/* Forget the core; everything it allocated must have been given back. */
void fx_deinit(struct fx_host *h);

/* A new domain in slot @i, which must be free: new domid, new handle. */
struct domain *fx_domain_new(struct fx_host *h, unsigned int i);
/* The whole death of @d, as Xen goes about it. */
void fx_domain_kill(struct domain *d);
/* What may be asked while the p2m lock is held, in the fault path. */
bool fx_domain_access(struct domain *d, uint32_t vcpu, uint64_t gfn);

/* End the program with what is wrong. */
#define fx_must(cond, ...)                              \
	do {                                            \
		if (!(cond))                            \
			fx_wrong(#cond, __VA_ARGS__);   \
	} while (0)
void fx_wrong(const char *cond, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
