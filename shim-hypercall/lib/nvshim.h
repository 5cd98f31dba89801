/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nvshim.h - nvdimm_op() for programs: over the hypercall, or over the socket
 * of nvdimm-sim.
 *
 * The argument structures are those of public/nvdimm.h and the results are
 * the hypervisor's own, so a caller cannot tell the two apart except by
 * XEN_NVDIMM_CAP_SIM. One thread at a time may use a struct nvshim.
 */
#ifndef NVSHIM_H
#define NVSHIM_H

#include <stddef.h>
#include <stdint.h>

#include "public/nvdimm.h"

struct nvshim;

/* How long one operation may take over a socket; the hypercall is bounded. */
#define NVSHIM_TIMEOUT_MS 10000

/**
 * nvshim_open() - open the way to the hypervisor
 * @where: "xen" for the hypercall, "sim:PATH" for nvdimm-sim's socket
 * Nothing is asked of the hypervisor yet: see nvshim_hello().
 * Return: 0 and *@ret, to be closed by the caller; -EINVAL (@where is
 * neither), -ENAMETOOLONG (PATH), -ENOMEM, or what opening said: -ENOENT or
 * -ECONNREFUSED when no simulator runs there, -ENOENT or -EACCES when this is
 * not a control domain or not root.
 */
int nvshim_open(const char *where, struct nvshim **ret);

/** nvshim_close() - close; NULL is fine. Return: NULL. */
struct nvshim *nvshim_close(struct nvshim *s);

/** nvshim_closep() - for the cleanup attribute */
void nvshim_closep(struct nvshim **s);

/**
 * nvshim_op() - one nvdimm_op hypercall
 * @cmd: XEN_NVDIMM_*
 * @arg: the command's structure, @len bytes with the array behind it; holds
 * the hypervisor's answer afterwards, whatever is returned
 * Return: exactly what the hypervisor returned: 0, XEN_NVDIMM_MORE or a
 * negative errno value. Also -EINVAL (@len is over XEN_NVDIMM_MAX_ARG), and
 * over a socket, where whether it was executed is then unknown and @arg is
 * as it was: -ETIMEDOUT; -ECONNRESET, -ENOTCONN (the simulator is gone: close
 * and open again).
 */
long nvshim_op(struct nvshim *s, uint32_t cmd, void *arg, uint32_t len);

/**
 * nvshim_hello() - ask who is there, and check that we speak the same ABI
 * @sentence: where a sentence for people goes if the answer is not 0
 * Return: 0 and *@ret; -ENOSYS (no such hypercall), -EPROTO (something else
 * answers hypercall 55), -EPROTONOSUPPORT (another version of the ABI), or
 * what nvshim_op() returned. *@ret is untouched unless 0.
 */
int nvshim_hello(struct nvshim *s, struct xen_nvdimm_info *ret,
		 char *sentence, size_t size);

/**
 * nvshim_listen() - be told when events wait (binds the VIRQ)
 * What happened before is not announced: call get_events once afterwards.
 * Return: 0; -ENOTCONN before nvshim_hello(); -EEXIST or -EBUSY when someone
 * else has bound the VIRQ; another -errno.
 */
int nvshim_listen(struct nvshim *s);

/** nvshim_fd() - readable when events wait. Return: the descriptor, owned by @s; -ENOTCONN before nvshim_listen(). */
int nvshim_fd(const struct nvshim *s);

/**
 * nvshim_event_clear() - take note of a readable nvshim_fd()
 * Call it before get_events, so that nothing is missed in between. Does not
 * block.
 * Return: 1 if something was announced, 0 if not; -ENOTCONN when the
 * simulator is gone; another -errno.
 */
int nvshim_event_clear(struct nvshim *s);

/** nvshim_set_timeout() - how long one operation may take over a socket; no effect on the hypercall */
void nvshim_set_timeout(struct nvshim *s, unsigned int ms);

#endif
