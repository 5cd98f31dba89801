/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/dom.h - what nvdimmd needs to know about the host's domains.
 *
 * Advice only: whether a domain may get memory is decided by the hypervisor
 * under its own lock, by domid and UUID together.
 */
#ifndef NV_PORT_DOM_H
#define NV_PORT_DOM_H

#include "base/macros.h"
#include "base/uuid.h"

#define DOM_NAME 64

enum dom_type {
	DOM_PV,
	DOM_HVM,
	DOM_PVH,
};

struct dom_info {
	uint32_t domid;
	struct nv_uuid uuid; /* Xen's domain handle */
	char name[DOM_NAME]; /* empty if nobody knows it */
	enum dom_type type;
	bool hap;            /* hardware assisted paging */
	bool dying;
	bool has_run;        /* its CPUs have; false if that is not known */
	uint32_t address_bits; /* guest physical address width */
	uint64_t ram_top;      /* first guest address above its memory, bytes; 0 if unknown */
};

struct dom;

struct dom_ops {
	int (*get)(struct dom *dom, uint32_t domid, struct dom_info *ret);
	int (*next)(struct dom *dom, uint32_t from, struct dom_info *ret);
	void (*free)(struct dom *dom);
};

/* The adapter embeds it. */
struct dom {
	const struct dom_ops *ops;
	uint32_t address_bits; /* the most that any guest here can have; 0 if unknown */
};

/** dom_get() - Return: 0; -ESRCH no such domain; -errno */
static inline int dom_get(struct dom *dom, uint32_t domid,
			  struct dom_info *ret)
{
	return dom->ops->get(dom, domid, ret);
}

/** dom_next() - the domain with the smallest domid that is at least @from. Return: 0; -ESRCH no more; -errno */
static inline int dom_next(struct dom *dom, uint32_t from,
			   struct dom_info *ret)
{
	return dom->ops->next(dom, from, ret);
}

static inline void dom_freep(struct dom **dom)
{
	if (*dom)
		(*dom)->ops->free(*dom);
	*dom = NULL;
}

#endif
