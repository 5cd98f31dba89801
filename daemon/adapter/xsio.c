/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/xsio.c - the nodes of devices and domains are written, through libxenstore.
 */
#include "config.h"

#include "adapter/xsio.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xenstore.h>

#define TRIES 16
#define HOME "/local/domain/%u"
/* Relative paths are below Dom0's home. */
#define SERVE_STATE XENBUS_CLASS "/state"
#define SERVE_PID XENBUS_CLASS "/pid"

/* A job runs in a transaction of its own. */
struct job {
	struct xsio *io;
	xs_transaction_t t;
	const void *arg;
	uint32_t domid;
	struct device_key key;
};

/* Return: 0, commit; 1, there is nothing to commit; -errno. */
typedef int job_fn(struct job *j);

static int run(struct job *j, job_fn *fn)
{
	int i, r;

	for (i = 0; i < TRIES; i++) {
		j->t = xs_transaction_start(xsio_ask(j->io));
		if (j->t == XBT_NULL)
			return xsio_error();
		r = fn(j);
		if (xs_transaction_end(xsio_ask(j->io), j->t, r != 0) || r)
			return r > 0 ? 0 : r;
		r = xsio_error();
		if (r != -EAGAIN)
			return r;
	}
	return -EAGAIN;
}

static int put(struct job *j, const char *path, const char *value)
{
	return xs_write(xsio_ask(j->io), j->t, path, value, (unsigned int)strlen(value)) ? 0 : xsio_error();
}

static int put_in(struct job *j, const char *dir, const char *node, const char *fmt, ...) nv_printf(4, 5);

static int put_in(struct job *j, const char *dir, const char *node, const char *fmt, ...)
{
	char path[2 * XENBUS_PATH], value[DEVICE_VOLUME];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", dir, node);
	return put(j, path, value);
}

/* Return: 0, it is not there; 1, it is; -errno. */
static int exists(struct job *j, const char *path)
{
	unsigned int nr;
	void *p = xs_get_permissions(xsio_ask(j->io), j->t, path, &nr);
	int r = p ? 1 : xsio_error();

	free(p);
	return r == -ENOENT ? 0 : r;
}

static int take_away(struct job *j, const char *path)
{
	int r = xs_rm(xsio_ask(j->io), j->t, path) ? 0 : xsio_error();

	return r == -ENOENT ? 0 : r;
}

/* A directory of @owner's that @reader may read, and so what is made in it. */
static int make_dir(struct job *j, const char *path, uint32_t owner, uint32_t reader)
{
	struct xs_permissions perms[] = {
		{ .id = owner, .perms = XS_PERM_NONE },
		{ .id = reader, .perms = XS_PERM_READ },
	};

	if (!xs_mkdir(xsio_ask(j->io), j->t, path) ||
	    !xs_set_permissions(xsio_ask(j->io), j->t, path, perms, NV_ARRAY_SIZE(perms)))
		return xsio_error();
	return 0;
}

static int report_job(struct job *j)
{
	nv_cleanup(nv_freep) char **names = NULL;
	struct xenbus_node nodes[XENBUS_REPORT_NODES];
	char path[XENBUS_PATH];
	unsigned int nr = 0;
	size_t i;
	int r = 0;

	names = xs_directory(xsio_ask(j->io), j->t, xenbus_back_path(j->key, "", path), &nr);
	if (!names) {
		r = xsio_error();
		return r == -ENOENT ? 1 : r;
	}
	if (!xsio_listed(names, nr, "state"))
		return 1;
	xenbus_report(j->arg, nodes);
	for (i = 0; i < XENBUS_REPORT_NODES && !r; i++) {
		xenbus_back_path(j->key, nodes[i].name, path);
		/* Features never change. */
		if (!strncmp(nodes[i].name, "feature-", 8) && xsio_listed(names, nr, nodes[i].name))
			continue;
		if (nodes[i].value[0])
			r = put(j, path, nodes[i].value);
		else if (xsio_listed(names, nr, nodes[i].name))
			r = take_away(j, path);
	}
	return r;
}

int xsio_report(struct xsio *io, struct device_key key, const struct device_report *report)
{
	struct job j = { .io = io, .key = key, .arg = report };

	return run(&j, report_job);
}

static int attach_front(struct job *j, const char *front)
{
	char back[XENBUS_PATH];
	int r;

	r = take_away(j, front);
	if (!r)
		r = make_dir(j, front, j->key.domid, 0);
	if (!r)
		r = put_in(j, front, "backend", HOME "/%s", 0u, xenbus_back_path(j->key, "", back));
	if (!r)
		r = put_in(j, front, "backend-id", "0");
	return r ? r : put_in(j, front, "state", "%d", DEVICE_INITIALISING);
}

static int attach_back(struct job *j, const char *front, const char *back, const struct device_wish *w)
{
	int r;

	r = make_dir(j, back, 0, j->key.domid);
	if (!r)
		r = put_in(j, back, "frontend", "%s", front);
	if (!r)
		r = put_in(j, back, "frontend-id", "%u", j->key.domid);
	if (!r)
		r = put_in(j, back, "volume", "%s", w->volume);
	if (!r && w->has_gpa)
		r = put_in(j, back, "gpa", "0x%llx", (unsigned long long)w->gpa);
	if (!r)
		r = put_in(j, back, "online", "1");
	return r ? r : put_in(j, back, "state", "%d", DEVICE_INITIALISING);
}

static int attach_job(struct job *j)
{
	char front[XENBUS_PATH], back[XENBUS_PATH], path[XENBUS_PATH];
	int r;

	snprintf(path, sizeof(path), HOME, j->key.domid);
	r = exists(j, path);
	if (r <= 0)
		return r ? r : 1;
	xenbus_back_path(j->key, "", back);
	r = exists(j, xenbus_back_path(j->key, "state", path));
	if (r)
		return r;
	xenbus_front_path(j->key, "", front);
	r = attach_front(j, front);
	if (!r)
		r = take_away(j, back);
	return r ? r : attach_back(j, front, back, j->arg);
}

int xsio_attach(struct xsio *io, struct device_key key, const struct device_wish *wish)
{
	struct job j = { .io = io, .key = key, .arg = wish };

	return run(&j, attach_job);
}

static int remove_job(struct job *j)
{
	nv_cleanup(nv_freep) char **rest = NULL;
	char path[XENBUS_PATH];
	unsigned int nr = 0;
	int r;

	r = take_away(j, xenbus_front_path(j->key, "", path));
	if (!r)
		r = take_away(j, xenbus_back_path(j->key, "", path));
	if (r)
		return r;
	*strrchr(path, '/') = '\0';
	rest = xs_directory(xsio_ask(j->io), j->t, path, &nr);
	return rest && !nr ? take_away(j, path) : 0;
}

int xsio_remove(struct xsio *io, struct device_key key)
{
	struct job j = { .io = io, .key = key };

	return run(&j, remove_job);
}

static int faults_job(struct job *j)
{
	nv_cleanup(nv_freep) char *old = NULL;
	const struct xsio_faults *f = j->arg;
	char dir[XENBUS_PATH], path[2 * XENBUS_PATH];
	unsigned int len = 0;
	uint64_t n = 0;
	int r;

	snprintf(dir, sizeof(dir), HOME, j->domid);
	r = exists(j, dir);
	if (r <= 0)
		return r ? r : 1;
	snprintf(dir, sizeof(dir), HOME "/" XENBUS_CLASS, j->domid);
	r = exists(j, dir);
	if (!r)
		r = make_dir(j, dir, 0, j->domid);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/faults", dir);
	old = xs_read(xsio_ask(j->io), j->t, path, &len);
	if (old && xenbus_number(old, len, UINT64_MAX / 2, &n))
		n = 0;
	r = put_in(j, dir, "last-gpa", "0x%llx", (unsigned long long)f->gpa);
	if (!r)
		r = put_in(j, dir, "last-size", "%llu", (unsigned long long)f->size);
	if (!r)
		r = put_in(j, dir, "last-volume", "%s", f->volume);
	/* Last, so that who watches it finds the others new. */
	return r ? r : put_in(j, dir, "faults", "%llu", (unsigned long long)(n + f->nr));
}

int xsio_faults(struct xsio *io, uint32_t domid, const struct xsio_faults *f)
{
	struct job j = { .io = io, .domid = domid, .arg = f };

	return run(&j, faults_job);
}

/* Is it a process that runs the same program? */
static bool is_one_of_us(uint32_t pid)
{
	char path[64], comm[2][32] = { "", "" };
	size_t i;
	FILE *f;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%u/comm", i ? pid : (uint32_t)getpid());
		f = fopen(path, "re");
		if (!f)
			return false;
		if (!fgets(comm[i], sizeof(comm[i]), f))
			comm[i][0] = '\0';
		fclose(f);
	}
	return !strcmp(comm[0], comm[1]);
}

static int serve_job(struct job *j)
{
	nv_cleanup(nv_freep) char *old = NULL;
	char text[16];
	unsigned int len = 0;
	uint64_t pid = 0;
	int r;

	old = xs_read(xsio_ask(j->io), j->t, SERVE_PID, &len);
	if (old && !xenbus_number(old, len, INT32_MAX, &pid) && pid && pid != (uint64_t)getpid() &&
	    is_one_of_us((uint32_t)pid)) {
		j->domid = (uint32_t)pid;
		return -EBUSY;
	}
	snprintf(text, sizeof(text), "%d", (int)getpid());
	r = put(j, SERVE_PID, text);
	return r ? r : put(j, SERVE_STATE, "running");
}

int xsio_serve(struct xsio *io, uint32_t *ret_pid)
{
	struct job j = { .io = io };
	int r = run(&j, serve_job);

	*ret_pid = r == -EBUSY ? j.domid : 0;
	return r;
}

void xsio_serve_end(struct xsio *io)
{
	xs_rm(xsio_ask(io), XBT_NULL, XENBUS_CLASS);
}
