/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.h - the simulated host: nvdimm-core, domains, DIMMs and a clock.
 *
 * It knows no sockets and no event loop. What the outside must do or know
 * comes through struct host_outside; the outside calls back from its loop,
 * never from within. One thread.
 *
 * Units: as nvdimm-core.h: frames of 4 KiB, spa and gpa in bytes, time in ns
 * since the host was started.
 */
#ifndef NVSIM_HOST_H
#define NVSIM_HOST_H

#include "base/macros.h"
#include "domain.h"
#include "fault.h"
#include "pmem.h"
#include "shim-hypercall/xen/nvdimm-core.h"

/* Of the simulated machine: addresses are 46 bits wide. */
#define HOST_MFN_END (UINT64_C(1) << 34)
/* RAM that nobody may register: all below 3 GiB that is not pmem ... */
#define HOST_LOW_RAM_END (UINT64_C(3) << 18)
/* ... and what guests get, from here up. */
#define HOST_GUEST_RAM (UINT64_C(1) << 33)

struct host_outside {
	/* The VIRQ was raised. */
	void (*virq)(void *ctx);
	/* A domain came, went, or changed state. */
	void (*domains)(void *ctx);
	/* host_work() has something to do. */
	void (*work)(void *ctx);
	/* Call host_timer() in @in_ns; UINT64_MAX: not at all. */
	void (*timer)(void *ctx, uint64_t in_ns);
};

struct host_stat {
	uint64_t ops[16]; /* by command; the last counts all unknown ones */
	uint64_t op_errors;
	uint64_t virqs;
	uint64_t mces;
	uint64_t vmces;
	uint64_t touches;
	uint64_t zero_errors; /* times that frames could not be zeroed */
	uint64_t crashes;
	uint64_t allocated; /* bytes that the core has now */
	uint64_t flushes;
};

struct host {
	const struct host_outside *outside;
	void *ctx;
	struct nvdimm_ops ops; /* host_ops; amd may be set before the first error */
	struct nvdimm_core *core;
	struct pmem *pmem; /* not owned: it outlives a reboot of the host */
	/* Was the platform told to clear the poison there? NULL: never. */
	bool (*repaired)(const char *topology, uint64_t spa, uint64_t len);
	const char *topology; /* its first argument; not owned */
	struct domains domains;
	struct faults faults;
	struct host_stat stat;
	uint64_t boot_ns; /* CLOCK_BOOTTIME when the host started */
	uint64_t skew_ns; /* what was skipped by host_advance() */
	uint64_t stopped_at; /* the clock stands here, unless 0 */
	uint64_t timer_at; /* 0: none */
	uint64_t guest_ram; /* next free machine frame for guests */
};

/**
 * host_init() - power on
 * Domain-0 exists and runs; no region is registered.
 * Return: 0 or -ENOMEM. host_deinit() may be called in either case.
 */
int host_init(struct host *h, struct pmem *pmem,
	      const struct host_outside *outside, void *ctx) nv_must_check;

/** host_deinit() - power off: domains are gone, the DIMMs stay */
void host_deinit(struct host *h);

/**
 * host_op() - one bounded step of a hypercall, as the control domain makes it
 * @arg: 8-byte aligned
 * Return: as the hypercall.
 */
long host_op(struct host *h, uint32_t cmd, void *arg, uint32_t len);

/** host_work() - one bounded step of what is due: teardown, the toolstack's reactions, guests' handlers. Return: true if there is more. */
bool host_work(struct host *h);

/** host_timer() - the time asked for has passed */
void host_timer(struct host *h);

/** host_now_ns() - the hypervisor's system time */
uint64_t host_now_ns(const struct host *h);

/** host_advance() - let @ns pass at once, as far as the hypervisor can tell */
void host_advance(struct host *h, uint64_t ns);

/** host_clock_stop() - time stands still but for host_advance(), or goes on */
void host_clock_stop(struct host *h, bool on);

/** host_mce() - the hardware reports an error. @r is as the core wants it. */
void host_mce(struct host *h, const struct nvdimm_mce_report *r);

/** host_check() - every rule, of the core and of the guests' maps. Return: NULL or a sentence. */
const char *host_check(struct host *h);

/* glue.c: what the core asks of the world. */
extern const struct nvdimm_ops host_ops;

/* Tell the outside. */
void host_kick(struct host *h);
void host_domains_changed(struct host *h);

#endif
