/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/topo.h - what we need from whoever knows the host's persistent memory.
 *
 * Two adapters: topo_ndctl (the kernel, through libndctl) and topo_file (a
 * description in a file, for a simulated host). All calls are made from one
 * thread. Results: 0; NV_E_* with a sentence in @why; -errno. The kernel may
 * take its time: see TOPO_MORE.
 */
#ifndef NV_PORT_TOPO_H
#define NV_PORT_TOPO_H

#include "core/topo.h"

/*
 * Less than any NV_E_*: take(), release() or clear() is under way; make the
 * same call again until it answers something else. Who does not come back
 * leaves it done or undone, and may begin anew. topo_thread answers so, the
 * others do not.
 */
#define TOPO_MORE 1

/* What drain() found changed, or-ed: load again and compare. */
enum topo_change {
	TOPO_CHANGED_DEVICES = 1u << 0, /* regions, namespaces: came, went, were
	                                   enabled or disabled */
	TOPO_CHANGED_BAD = 1u << 1,     /* some region's bad ranges */
	TOPO_CHANGED_HEALTH = 1u << 2,  /* some DIMM's health */
};

struct topo_port;

struct topo_port_ops {
	/**
	 * load() - read everything now
	 * Takes milliseconds: it walks sysfs and every process's descriptors.
	 * Return: 0 and *@ret, finished (topo_finish()), owned by the caller;
	 * -EAGAIN, while something is under way; -errno.
	 */
	int (*load)(struct topo_port *p, struct topo **ret);

	/**
	 * take() - the namespace @id is ours from now on, not the kernel's
	 * @again: it was ours before and is to stay so; what the daemon says at
	 *	each start of what its book calls a pool
	 *
	 * Refuses while anything uses it; disables it; marks it so that at the
	 * next boot udev keeps others from touching it. Doing it twice is fine.
	 * The first time it must be enabled, so that its mode and its users can
	 * be seen, and pass topo_check_pool(). @again does not ask: guests wrote
	 * to it since, and what they wrote may look to the kernel like a mode.
	 *
	 * Return: 0; TOPO_MORE; NV_E_NO_REGION; NV_E_UNSUPPORTED;
	 * NV_E_POOL_BUSY (every user by name); -errno.
	 */
	int (*take)(struct topo_port *p, const struct nv_uuid *id, bool again,
	            struct nv_why *why);

	/**
	 * release() - give it back to the kernel: unmark, enable
	 * An unknown @id is only unmarked. Doing it again is fine.
	 * Return: 0; TOPO_MORE; -errno (it is unmarked, but could not be enabled).
	 */
	int (*release)(struct topo_port *p, const struct nv_uuid *id,
	               struct nv_why *why);

	/**
	 * clear() - repair the poison in @nr frames from @offset of the namespace
	 *
	 * Believes nobody: afterwards the state is read back. Meant for frames
	 * that nobody has mapped; what they held is lost.
	 *
	 * Return: 0, all of it is clean and reads as such; TOPO_MORE; NV_E_NO_REGION;
	 * NV_E_UNSUPPORTED (the platform cannot); NV_E_BROKEN (it tried, and
	 * the sentence says what is still bad); -ERANGE (not within the
	 * namespace); -errno.
	 */
	int (*clear)(struct topo_port *p, const struct nv_uuid *id,
	             uint64_t offset, uint64_t nr, struct nv_why *why);

	/**
	 * watch_fd() - a descriptor that is readable when something changed
	 * Return: the descriptor, owned by the port, the same at each call; or
	 * -errno.
	 */
	int (*watch_fd)(struct topo_port *p);

	/**
	 * drain() - what made watch_fd() readable
	 * Return: 0 and *@ret_changes (enum topo_change, 0 if nothing after
	 * all); -errno.
	 */
	int (*drain)(struct topo_port *p, uint32_t *ret_changes);

	/** free() - close everything; what is taken stays taken */
	void (*free)(struct topo_port *p);
};

/* The adapter's struct begins with it. */
struct topo_port {
	const struct topo_port_ops *ops;
};

static inline int topo_port_load(struct topo_port *p, struct topo **ret)
{
	return p->ops->load(p, ret);
}

static inline int topo_port_take(struct topo_port *p, const struct nv_uuid *id,
                                 bool again, struct nv_why *why)
{
	return p->ops->take(p, id, again, why);
}

static inline int topo_port_release(struct topo_port *p,
                                    const struct nv_uuid *id,
                                    struct nv_why *why)
{
	return p->ops->release(p, id, why);
}

static inline int topo_port_clear(struct topo_port *p, const struct nv_uuid *id,
                                  uint64_t offset, uint64_t nr,
                                  struct nv_why *why)
{
	return p->ops->clear(p, id, offset, nr, why);
}

static inline int topo_port_watch_fd(struct topo_port *p)
{
	return p->ops->watch_fd(p);
}

static inline int topo_port_drain(struct topo_port *p, uint32_t *ret_changes)
{
	return p->ops->drain(p, ret_changes);
}

static inline void topo_port_freep(struct topo_port **p)
{
	if (*p)
		(*p)->ops->free(*p);
	*p = NULL;
}

#endif
