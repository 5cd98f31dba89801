/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simctl.h - nvdimm-sim's control verbs for programs: what a toolstack, a
 * guest or broken hardware does to the simulated host.
 *
 * The verbs and their arguments are those of "nvdimm-sim ctl" (nvdimm-sim(1));
 * see shim-hypercall/sim/ctl.h for how they look in JSON. One thread at a time
 * may use a struct simctl.
 */
#ifndef SIMCTL_H
#define SIMCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

struct simctl;

/** simctl_open() - @path: nvdimm-sim's socket. Return: 0 and *@ret; -ENAMETOOLONG, -ENOENT, -ECONNREFUSED, another -errno. */
int simctl_open(const char *path, struct simctl **ret);

/** simctl_close() - NULL is fine. Return: NULL. */
struct simctl *simctl_close(struct simctl *c);
void simctl_closep(struct simctl **c);

/** simctl_set_timeout() - how long one request may take; 10,000 ms at first */
void simctl_set_timeout(struct simctl *c, unsigned int ms);

/**
 * simctl_call() - one request, and all parts of its answer
 * @req: {"verb": ..., ...}; stays the caller's, but "from" is set in it when
 * an answer has more than one part
 * @sentence: where the simulator's sentence goes if the answer is not 0
 * Of several parts lists are joined and numbers added up.
 * Return: 0 and *@ret, to be put by the caller; -EINVAL, -ESRCH and so on, as
 * the verb says; -ETIMEDOUT; -ECONNRESET, -ENOTCONN (the simulator is gone:
 * close and open again); -EPROTO (no sensible answer); -ENOMEM.
 */
int simctl_call(struct simctl *c, struct json_object *req,
		struct json_object **ret, char *sentence, size_t size);

enum simctl_type { SIMCTL_PV, SIMCTL_PVH, SIMCTL_HVM };

enum simctl_state {
	SIMCTL_RUNNING, /* unless paused or held */
	SIMCTL_SHUTDOWN, /* for simctl_domain.reason, still there */
	SIMCTL_DYING,
};

/* What xc_domain_getinfolist() and xenstore would tell about a domain. */
struct simctl_domain {
	uint32_t domid;
	uint8_t handle[16];
	char name[64];
	enum simctl_type type;
	enum simctl_state state;
	char reason[16]; /* poweroff, reboot, suspend, crash; "" while it lives */
	bool paused; /* by the toolstack */
	bool ran;    /* for a moment at least */
	bool held; /* by the hypervisor */
	bool hap;
	uint64_t memory; /* bytes */
	uint32_t vcpus;
	uint32_t address_bits; /* of guest physical addresses */
};

/**
 * simctl_domains() - all domains, by domid; Domain-0 is one
 * Return: 0, *@ret (to be freed by the caller) and *@ret_nr; or as simctl_call().
 */
int simctl_domains(struct simctl *c, struct simctl_domain **ret,
		   size_t *ret_nr);

/** simctl_domain() - one of them, in constant time. Return: 0 and *@ret; -ESRCH; or as simctl_call(). */
int simctl_domain(struct simctl *c, uint32_t domid, struct simctl_domain *ret);

/** simctl_watch() - be told when a domain comes, goes or changes state. Return: 0 or -errno. */
int simctl_watch(struct simctl *c);

/** simctl_fd() - readable when that happened. Return: the descriptor, owned by @c; -ENOTCONN before simctl_watch(). */
int simctl_fd(const struct simctl *c);

/** simctl_watch_clear() - take note of it. Return: 1 or 0; -ENOTCONN when the simulator is gone. */
int simctl_watch_clear(struct simctl *c);

#endif
