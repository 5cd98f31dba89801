/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * domain.h - the domains of the simulated host, and what becomes of them.
 *
 *   created --> alive --(shutdown, crash)--> shutdown --(toolstack)--> dying --> gone
 *                 |                                                ^
 *                 +------------------(destroy)---------------------+
 *
 * A domain runs when it is alive, not paused by the toolstack and not held by
 * the hypervisor. Dying takes several bounded steps, so that everything else
 * can happen in between.
 */
#ifndef NVSIM_DOMAIN_H
#define NVSIM_DOMAIN_H

#include "base/macros.h"
#include "base/uuid.h"
#include "p2m.h"

struct host;

#define DOMAIN_NAME 64
#define DOMAIN_END 0x7ff0u /* DOMID_FIRST_RESERVED, public/xen.h */
#define DOMAIN_RUN_ALL UINT32_MAX
#define DOMAIN_MEMORY_MAX (UINT64_C(1) << 40)

/* Machine check banks are remembered up to this many, the latest ones. */
#define DOMAIN_VMCES 64

enum domain_type { DOMAIN_PV, DOMAIN_PVH, DOMAIN_HVM };
enum domain_life { DOMAIN_ALIVE, DOMAIN_SHUTDOWN, DOMAIN_DYING };

/* Why it is shut down: Xen's SHUTDOWN_* numbers (public/sched.h). */
enum domain_reason {
	DOMAIN_POWEROFF,
	DOMAIN_REBOOT,
	DOMAIN_SUSPEND,
	DOMAIN_CRASH,
};

/* What the toolstack then does, as on_poweroff= and so on in xl.cfg. */
enum domain_action {
	DOMAIN_DESTROY,
	DOMAIN_RESTART,
	DOMAIN_PRESERVE,
};

struct domain_conf {
	char name[DOMAIN_NAME];
	struct nv_uuid uuid;
	enum domain_type type;
	bool hap;
	bool paused;	  /* at the start */
	bool mcip_sticks; /* the guest does not handle machine checks by itself */
	uint32_t domid;	  /* 0: the next */
	uint32_t vcpus;
	uint32_t address_bits;
	uint64_t memory;
	enum domain_action on_poweroff, on_reboot, on_crash;
};

struct domain_vmce {
	uint64_t time_ns, gpa, status, misc, mcg;
	uint32_t kind, vcpu;
};

struct domain {
	struct domain_conf conf;
	struct host *host;
	uint32_t domid;
	enum domain_life life;
	bool stopped; /* it was shut down ... */
	enum domain_reason reason; /* ... for this */
	bool paused;
	bool ran;	  /* for a moment at least */
	bool log_dirty;
	bool has_extents;
	bool reacted; /* the toolstack has seen its shutdown */
	bool restart; /* when it is gone, start it again */
	bool mcip; /* a machine check that the guest has not handled */
	uint32_t holds; /* pauses by the hypervisor, strictly paired */
	uint32_t refs;
	uint32_t steps; /* of release that may still be made; DOMAIN_RUN_ALL */
	struct p2m *p2m; /* NULL for PV */
	uint8_t *ram; /* made when it is first touched */
	uint64_t ram_mfn;
	uint64_t ram_frames; /* the hole below 4 GiB included */
	struct domain_vmce vmces[DOMAIN_VMCES]; /* a ring */
	uint64_t nr_vmces;
};

struct domains {
	struct domain **by_id; /* DOMAIN_END of them */
	uint32_t end; /* above the largest that ever was */
	uint32_t next;
	uint32_t nr;
};

int domains_init(struct domains *ds) nv_must_check;
void domains_deinit(struct host *h);

/** domain_conf_default() - a PVH guest with 256 MiB, as xl would start it */
struct domain_conf domain_conf_default(void);

/**
 * domain_create() - a new domain
 * Return: 0 and *@ret (owned by the host); -EEXIST (name or domid in use),
 * -EINVAL (memory does not fit the addresses, no vCPU), -ENOSPC, -ENOMEM.
 */
int domain_create(struct host *h, const struct domain_conf *conf,
		  struct domain **ret) nv_must_check;

/** domain_find() - by number. Return: NULL if there is none. */
struct domain *domain_find(const struct host *h, uint32_t domid);

/** domain_lookup() - by name, UUID or number, in this order. Return: NULL if there is none. */
struct domain *domain_lookup(const struct host *h, const char *text);

bool domain_runs(const struct domain *d);

/** domain_pause() - what xl pause does. Return: 0 or -ESRCH (dying). */
int domain_pause(struct domain *d, bool on);

/** domain_shutdown() - the guest stops for @reason. Return: 0; -ESRCH (dying), -EALREADY. */
int domain_shutdown(struct domain *d, enum domain_reason reason);

/**
 * domain_destroy() - dying from now on
 * @steps: how many steps of its release happen by themselves: 0 or DOMAIN_RUN_ALL
 * Return: 0 or -EALREADY.
 */
int domain_destroy(struct domain *d, uint32_t steps);

/** domain_release() - let @steps more happen. Return: 0, or -EINVAL (it is not dying). */
int domain_release(struct domain *d, uint32_t steps);

/** domain_work() - one bounded step. Return: true if there is more to do; @d may be gone. */
bool domain_work(struct domain *d);

/** domain_occupy() - put a passed-through device's frames at @gfn. Return: as p2m_set_range(), -EEXIST. */
int domain_occupy(struct domain *d, uint64_t gfn, uint64_t nr);

/** domain_log_dirty() - as for migration. Return: 0; -EBUSY (it has pmem), -EOPNOTSUPP (PV). */
int domain_log_dirty(struct domain *d, bool on);

/** domain_mcip_clear() - the guest handled its machine check */
void domain_mcip_clear(struct domain *d);

const char *domain_type_name(enum domain_type t);
const char *domain_reason_name(enum domain_reason r);
const char *domain_action_name(enum domain_action a);
/** domain_state_name() - "running", "paused", "held", "shutdown" or "dying" */
const char *domain_state_name(const struct domain *d);

#endif
