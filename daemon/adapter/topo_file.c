/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_file.c - the persistent memory of a simulated host, from its description.
 */
#include "adapter/topo_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

#include "adapter/topo_repaired.h"
#include "codec/topo_conf.h"

#define TAKEN_MAX 64

struct topo_file {
	struct topo_port port;
	int watch_fd;
	struct nv_uuid taken[TAKEN_MAX];
	size_t nr_taken;
	char path[];
};

static struct topo_file *topo_file(struct topo_port *p)
{
	return nv_container_of(p, struct topo_file, port);
}

static bool is_taken(const struct topo_file *f, const struct nv_uuid *id)
{
	size_t i;

	for (i = 0; i < f->nr_taken; i++)
		if (nv_uuid_equal(&f->taken[i], id))
			return true;
	return false;
}

static int file_read(const char *path, char **ret, size_t *ret_len)
{
	nv_cleanup(nv_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	nv_cleanup(nv_freep) char *text = NULL;
	struct stat st;
	size_t len = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)TOPO_CONF_MAX_BYTES)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	while (len < (size_t)st.st_size) {
		n = read(fd, text + len, (size_t)st.st_size - len);
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	*ret = nv_steal(&text);
	*ret_len = len;
	return 0;
}

static int file_parse(const struct topo_file *f, struct nv_why *why, struct topo **ret)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	nv_cleanup(nv_freep) char *text = NULL;
	size_t len = 0;
	int r;

	r = file_read(f->path, &text, &len);
	if (r)
		return nv_refuse(why, r, "%s: %s", f->path, strerror(-r));
	r = topo_conf_parse(f->path, text, len, &t, why);
	if (r)
		return r;
	r = topo_repaired_apply(f->path, t);
	if (r)
		return nv_refuse(why, r, "%s.repaired: %s", f->path, strerror(-r));
	*ret = nv_steal(&t);
	return 0;
}

/* @ret is within *@ret_t, which is the caller's. */
static int file_find(const struct topo_file *f, const struct nv_uuid *id, struct nv_why *why, struct topo **ret_t,
		     struct topo_place *ret)
{
	char text[NV_UUID_TEXT];
	int r;

	r = file_parse(f, why, ret_t);
	if (r)
		return r;
	if (topo_find_id(*ret_t, id, ret))
		return 0;
	return nv_refuse(why, NV_E_NO_REGION, "%s has no namespace %s", f->path, nv_uuid_print(id, text));
}

/* What is taken is not the kernel's: it stands disabled. */
static int file_load(struct topo_port *p, struct topo **ret)
{
	struct topo_file *f = topo_file(p);
	struct topo_region *region;
	struct nv_why why;
	struct topo *t;
	size_t i, j;
	int r;

	r = file_parse(f, &why, &t);
	if (r)
		return r > 0 ? -EBADMSG : r;
	for (i = 0; i < t->nr_regions; i++) {
		region = &t->regions[i];
		for (j = 0; j < region->nr_namespaces; j++)
			if (is_taken(f, &region->namespaces[j].id))
				region->namespaces[j].enabled = false;
	}
	*ret = t;
	return 0;
}

/* A kernel that takes its time to hand over a namespace, or to clear poison: milliseconds in FILE.slow. */
static void file_dawdle(const struct topo_file *f)
{
	nv_cleanup(nv_closep) int fd = -1;
	char path[PATH_MAX], text[16] = "";
	struct timespec t;
	long ms;

	if (snprintf(path, sizeof(path), "%s.slow", f->path) >= (int)sizeof(path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return;
	ms = strtol(text, NULL, 10);
	t = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	while (ms > 0 && nanosleep(&t, &t) && errno == EINTR)
		;
}

static int file_take(struct topo_port *p, const struct nv_uuid *id, bool again, struct nv_why *why)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_file *f = topo_file(p);
	struct topo_place place;
	int r;

	r = file_find(f, id, why, &t, &place);
	if (r)
		return r;
	if (is_taken(f, id))
		return 0;
	if (!again && !place.ns->enabled)
		return nv_refuse(why, NV_E_UNSUPPORTED, "%s is disabled in %s; a pool's namespace must be enabled",
				 place.ns->name, f->path);
	r = again ? 0 : topo_check_pool(&place, why);
	if (!r)
		r = topo_check_idle(place.ns, why);
	if (r)
		return r;
	file_dawdle(f);
	if (f->nr_taken == TAKEN_MAX)
		return nv_refuse(why, NV_E_LIMIT, "%d namespaces are taken already", TAKEN_MAX);
	f->taken[f->nr_taken++] = *id;
	return 0;
}

static int file_release(struct topo_port *p, const struct nv_uuid *id, struct nv_why *why)
{
	struct topo_file *f = topo_file(p);
	size_t i;

	file_dawdle(f);
	for (i = 0; i < f->nr_taken; i++)
		if (nv_uuid_equal(&f->taken[i], id))
			f->taken[i] = f->taken[--f->nr_taken];
	return 0;
}

/* Memory that fails for good cannot be repaired; all other can. */
static bool is_fatal(const struct topo_region *region)
{
	size_t i;

	for (i = 0; i < region->nr_dimms; i++)
		if (region->dimms[i].health & TOPO_HEALTH_FATAL)
			return true;
	return false;
}

static int file_clear(struct topo_port *p, const struct nv_uuid *id, uint64_t offset, uint64_t nr, struct nv_why *why)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_file *f = topo_file(p);
	struct topo_place place;
	int r;

	r = file_find(f, id, why, &t, &place);
	if (r)
		return r;
	if (!topo_place_has(&place, offset, nr))
		return -ERANGE;
	if (is_fatal(place.region))
		return nv_refuse(why, NV_E_BROKEN, "a DIMM of %s is failing for good (health = fatal in %s), nothing "
				 "was repaired", place.region->name, f->path);
	file_dawdle(f);
	r = topo_repaired_add(f->path, id, offset, nr);
	if (r)
		return nv_refuse(why, r, "%s.repaired: %s", f->path, strerror(-r));
	return 0;
}

static int file_watch_fd(struct topo_port *p)
{
	return topo_file(p)->watch_fd;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The directory is watched: an editor puts a new file in the old one's place. */
static bool is_ours(const struct topo_file *f, const char *buf, size_t len)
{
	const char *name = base_name(f->path);
	bool ours = false;
	size_t at = 0;

	while (at < len) {
		const struct inotify_event *e = (const struct inotify_event *)(buf + at);

		ours |= (e->mask & IN_Q_OVERFLOW) || (e->len && !strcmp(e->name, name));
		at += sizeof(*e) + e->len;
	}
	return ours;
}

static int file_drain(struct topo_port *p, uint32_t *ret_changes)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct topo_file *f = topo_file(p);
	uint32_t changes = 0;
	ssize_t n;

	while ((n = read(f->watch_fd, buf, sizeof(buf))) > 0)
		if (is_ours(f, buf, (size_t)n))
			changes = TOPO_CHANGED_DEVICES | TOPO_CHANGED_BAD | TOPO_CHANGED_HEALTH;
	if (n < 0 && errno != EAGAIN)
		return -errno;
	*ret_changes = changes;
	return 0;
}

static void file_free(struct topo_port *p)
{
	nv_closep(&topo_file(p)->watch_fd);
	free(topo_file(p));
}

static const struct topo_port_ops file_ops = {
	.load = file_load,
	.take = file_take,
	.release = file_release,
	.clear = file_clear,
	.watch_fd = file_watch_fd,
	.drain = file_drain,
	.free = file_free,
};

static int file_watch(struct topo_file *f)
{
	nv_cleanup(nv_freep) char *dir = strdup(f->path);

	if (!dir)
		return -ENOMEM;
	dir[base_name(f->path) - f->path] = '\0';
	f->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->watch_fd < 0 || inotify_add_watch(f->watch_fd, *dir ? dir : ".", IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
		return -errno;
	return 0;
}

int topo_file_new(const char *path, struct nv_why *why, struct topo_port **ret)
{
	struct topo_file *f = calloc(1, sizeof(*f) + strlen(path) + 1);
	struct topo *t;
	int r;

	if (!f)
		return -ENOMEM;
	f->port.ops = &file_ops;
	strcpy(f->path, path);
	r = file_watch(f);
	if (r)
		nv_refuse(why, r, "%s: %s", path, strerror(-r));
	else
		r = file_parse(f, why, &t);
	if (r) {
		file_free(&f->port);
		return r;
	}
	topo_free(t);
	*ret = &f->port;
	return 0;
}
