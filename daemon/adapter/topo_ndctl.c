/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_ndctl.c - the port over the kernel: load, take, release, clear,
 * watch.
 *
 * libndctl reads sysfs once and remembers, so every call opens a context of
 * its own. What the library answers is not believed for changes: the state is
 * read again with a new one.
 */
#include <string.h>

#include "adapter/topo_marks.h"
#include "adapter/topo_ndctl.h"
#include "adapter/topo_ndctl_int.h"
#include "adapter/topo_users.h"

struct topo_ndctl {
	struct topo_port port;
	char *marks;
	struct topo_watch *watch; /* from the first watch_fd() on */
};

static struct topo_ndctl *self_of(struct topo_port *p)
{
	return nv_container_of(p, struct topo_ndctl, port);
}

/* The kernel's state with its users; @ret_users: -errno if they are unknown. */
static int read_all(struct ndctl_ctx **ret_ctx, struct topo **ret,
                    int *ret_users)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	int r;

	r = topo_ndctl_read(&ctx, &t);
	if (r)
		return r;
	*ret_users = topo_users_find("/proc", t);
	if (*ret_users == -ENOMEM)
		return -ENOMEM;
	*ret_ctx = nv_steal(&ctx);
	*ret = nv_steal(&t);
	return 0;
}

static int find(const struct topo *t, const struct nv_uuid *id,
                struct nv_why *why, struct topo_place *ret)
{
	char text[NV_UUID_TEXT];

	if (topo_find_id(t, id, ret))
		return 0;
	return nv_refuse(why, NV_E_NO_REGION,
	                 "this host has no namespace with the UUID %s",
	                 nv_uuid_print(id, text));
}

static int ndctl_load(struct topo_port *p, struct topo **ret)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	int r, users;

	r = read_all(&ctx, &t, &users);
	if (r)
		return r;
	if (users &&
	    topo_add_problem(t, "who uses the namespaces is not known: %s",
	                     strerror(-users)))
		return -ENOMEM;
	*ret = nv_steal(&t);
	return 0;
}

static bool is_enabled_now(const struct nv_uuid *id)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_place place;

	if (topo_ndctl_read(&ctx, &t))
		return true; /* unknown is not disabled */
	return topo_find_id(t, id, &place) && place.ns->enabled;
}

static int judge(const struct topo_place *place, bool again, int users,
                 struct nv_why *why)
{
	int r;

	if (!again && !place->ns->enabled)
		return nv_refuse(why, NV_E_UNSUPPORTED,
		                 "%s is disabled, so nobody can tell what it "
		                 "holds; enable it first: "
		                 "'ndctl enable-namespace %s'",
		                 place->ns->name, place->ns->name);
	r = again ? 0 : topo_check_pool(place, why);
	if (r)
		return r;
	r = topo_check_idle(place->ns, why);
	if (r)
		return r;
	if (users)
		return nv_refuse(why, users,
		                 "who uses %s cannot be found out: %s",
		                 place->ns->name, strerror(-users));
	return 0;
}

static int disable(struct ndctl_ctx *ctx, const struct topo_place *place,
                   struct nv_why *why)
{
	struct ndctl_namespace *ndns = topo_ndctl_find(ctx, place->ns);
	int r;

	if (!ndns)
		return -ENODEV;
	/* Opens the device exclusively first and keeps it so meanwhile. */
	r = ndctl_namespace_disable_safe(ndns);
	if (r == -EBUSY)
		return nv_refuse(why, NV_E_POOL_BUSY,
		                 "%s is in use by something in the kernel that "
		                 "has no name here "
		                 "(another disk of the same file system, a "
		                 "pool or a volume group?)",
		                 place->ns->name);
	if (r < 0)
		return nv_refuse(why, r, "%s could not be disabled: %s",
		                 place->ns->name, strerror(-r));
	if (is_enabled_now(&place->ns->id))
		return nv_refuse(
			why, -EIO,
			"%s was disabled, but the kernel uses it still",
			place->ns->name);
	/* Should it be enabled again, the kernel is not to guess at guests'
	 * data. */
	ndctl_namespace_set_raw_mode(ndns, 1);
	return 0;
}

static int ndctl_take(struct topo_port *p, const struct nv_uuid *id, bool again,
                      struct nv_why *why)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_ndctl *self = self_of(p);
	struct topo_place place;
	int r, users, undo;
	bool marked;

	r = read_all(&ctx, &t, &users);
	if (r)
		return r;
	r = find(t, id, why, &place);
	if (r)
		return r;
	r = judge(&place, again, users, why);
	if (r)
		return r;
	marked = topo_marks_has(self->marks, id);
	r = topo_marks_set(self->marks, id);
	if (r)
		return nv_refuse(why, r,
		                 "%s could not be marked as taken in %s: %s",
		                 place.ns->name, self->marks, strerror(-r));
	r = place.ns->enabled ? disable(ctx, &place, why) : 0;
	if (r && !again && !marked) {
		undo = topo_marks_clear(self->marks, id);
		if (undo)
			return nv_refuse(why, undo,
			                 "%s could not be taken, nor its mark "
			                 "in %s removed: %s",
			                 place.ns->name, self->marks,
			                 strerror(-undo));
	}
	return r;
}

static int ndctl_release(struct topo_port *p, const struct nv_uuid *id,
                         struct nv_why *why)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_ndctl *self = self_of(p);
	struct ndctl_namespace *ndns;
	struct topo_place place;
	int r;

	r = topo_marks_clear(self->marks, id);
	if (r)
		return nv_refuse(why, r,
		                 "the mark in %s could not be removed: %s",
		                 self->marks, strerror(-r));
	r = topo_ndctl_read(&ctx, &t);
	if (r)
		return r;
	if (!topo_find_id(t, id, &place) || place.ns->enabled)
		return 0;
	ndns = topo_ndctl_find(ctx, place.ns);
	r = ndns ? ndctl_namespace_enable(ndns) : -ENODEV;
	if (r < 0)
		return nv_refuse(why, r, "%s could not be enabled: %s",
		                 place.ns->name, strerror(-r));
	return 0;
}

static int ndctl_clear(struct topo_port *p, const struct nv_uuid *id,
                       uint64_t offset, uint64_t nr, struct nv_why *why)
{
	nv_cleanup(topo_ndctl_closep) struct ndctl_ctx *ctx = NULL;
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_place place;
	int r;

	r = topo_ndctl_read(&ctx, &t);
	if (r)
		return r;
	r = find(t, id, why, &place);
	if (r)
		return r;
	if (!topo_place_has(&place, offset, nr))
		return -ERANGE;
	return topo_ndctl_clear(ctx, &place, offset, nr, why);
}

static int ndctl_watch_fd(struct topo_port *p)
{
	struct topo_ndctl *self = self_of(p);
	int r;

	if (!self->watch) {
		r = topo_watch_new(&self->watch);
		if (r < 0)
			return r;
	}
	return topo_watch_fd(self->watch);
}

static int ndctl_drain(struct topo_port *p, uint32_t *ret_changes)
{
	struct topo_ndctl *self = self_of(p);

	if (!self->watch)
		return -EBADF;
	return topo_watch_drain(self->watch, ret_changes);
}

static void ndctl_free(struct topo_port *p)
{
	struct topo_ndctl *self = self_of(p);

	topo_watch_free(self->watch);
	free(self->marks);
	free(self);
}

static const struct topo_port_ops ndctl_ops = {
	.load = ndctl_load,
	.take = ndctl_take,
	.release = ndctl_release,
	.clear = ndctl_clear,
	.watch_fd = ndctl_watch_fd,
	.drain = ndctl_drain,
	.free = ndctl_free,
};

int topo_ndctl_new(const char *marks, struct topo_port **ret)
{
	struct topo_ndctl *self = calloc(1, sizeof(*self));

	if (!self)
		return -ENOMEM;
	self->port.ops = &ndctl_ops;
	self->marks = strdup(marks);
	if (!self->marks) {
		free(self);
		return -ENOMEM;
	}
	*ret = &self->port;
	return 0;
}
