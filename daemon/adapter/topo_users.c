/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_users.c - mounts, swaps, holders and openers.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "adapter/sysfs.h"
#include "adapter/topo_users.h"

/* A device node that leads to a namespace: its disk, a partition, a dax device.
 */
struct node {
	dev_t dev;
	mode_t type; /* S_IFBLK or S_IFCHR */
	struct topo_ns *ns;
};

struct search {
	const char *proc;
	struct node *nodes;
	size_t nr;
	int error; /* the first one; the search goes on to its end */
};

static void failed(struct search *s, int r)
{
	if (r < 0 && !s->error)
		s->error = r;
}

static void add_user(struct search *s, const struct node *n, enum topo_use use,
                     const char *name, int pid)
{
	size_t i;

	/* A process with ten descriptors on it is one user. */
	for (i = 0; i < n->ns->nr_users; i++) {
		const struct topo_user *u = &n->ns->users[i];

		if (u->use == use && u->pid == pid && !strcmp(u->name, name))
			return;
	}
	failed(s, topo_add_user(n->ns, use, name, pid));
}

static const struct node *find_node(const struct search *s,
                                    const struct stat *st)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (s->nodes[i].dev == st->st_rdev &&
		    s->nodes[i].type == (st->st_mode & S_IFMT))
			return &s->nodes[i];
	return NULL;
}

/*
 * A path out of a table of the kernel's. Only those below /dev are looked at:
 * asking a dead file server for anything else would never come back.
 */
static const struct node *node_at(const struct search *s, const char *path)
{
	struct stat st;

	if (strncmp(path, "/dev/", 5) || stat(path, &st))
		return NULL;
	return find_node(s, &st);
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Takes over @fd. */
static DIR *dir_of(int fd)
{
	DIR *dir = fdopendir(fd);

	if (!dir)
		close(fd);
	return dir;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void add_node(struct search *s, int dirfd, const char *attr, mode_t type,
                     struct topo_ns *ns)
{
	unsigned int maj, min;
	struct node *grown;
	char buf[32];

	if (sysfs_read(dirfd, attr, buf, sizeof(buf)) < 0 ||
	    sscanf(buf, "%u:%u", &maj, &min) != 2)
		return failed(s, -ENODEV);
	grown = reallocarray(s->nodes, s->nr + 1, sizeof(*s->nodes));
	if (!grown)
		return failed(s, -ENOMEM);
	s->nodes = grown;
	s->nodes[s->nr++] =
		(struct node){.dev = makedev(maj, min), .type = type, .ns = ns};
}

/* "dm-0 (vg-data)" says more than "dm-0". */
static void add_holder(struct search *s, const char *holder, struct topo_ns *ns)
{
	const struct node n = {.ns = ns};
	char path[PATH_MAX], dm[128], text[TOPO_NAME + sizeof(dm) + 3];

	snprintf(path, sizeof(path), "/sys/class/block/%s/dm/name", holder);
	if (sysfs_read(AT_FDCWD, path, dm, sizeof(dm)) > 0)
		snprintf(text, sizeof(text), "%.63s (%s)", holder, dm);
	else
		snprintf(text, sizeof(text), "%.63s", holder);
	add_user(s, &n, TOPO_USE_HOLDER, text, 0);
}

static void add_holders(struct search *s, int dirfd, const char *path,
                        struct topo_ns *ns)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nv_cleanup(closedirp) DIR *dir = NULL;
	const struct dirent *e;

	if (fd < 0)
		return;
	dir = dir_of(fd);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			add_holder(s, e->d_name, ns);
}

static void add_block(struct search *s, struct topo_ns *ns)
{
	nv_cleanup(closedirp) DIR *dir = NULL;
	char path[PATH_MAX];
	const struct dirent *e;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/block/%s", ns->block);
	fd = open_dir(path);
	if (fd < 0)
		return failed(s, fd);
	dir = dir_of(fd);
	if (!dir)
		return failed(s, -ENOMEM);
	add_node(s, fd, "dev", S_IFBLK, ns);
	add_holders(s, fd, "holders", ns);
	while ((e = readdir(dir))) {
		char part[NAME_MAX + 16];

		/* A partition is a directory below, named after its disk. */
		if (strncmp(e->d_name, ns->block, strlen(ns->block)))
			continue;
		snprintf(part, sizeof(part), "%s/dev", e->d_name);
		if (faccessat(fd, part, F_OK, 0))
			continue;
		add_node(s, fd, part, S_IFBLK, ns);
		snprintf(part, sizeof(part), "%s/holders", e->d_name);
		add_holders(s, fd, part, ns);
	}
}

static void add_char(struct search *s, struct topo_ns *ns)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%s", ns->chardev);
	fd = open_dir(path);
	if (fd < 0)
		return failed(s, fd);
	add_node(s, fd, "dev", S_IFCHR, ns);
	close(fd);
}

static void find_nodes(struct search *s, struct topo *t)
{
	size_t i, j;

	for (i = 0; i < t->nr_regions; i++) {
		for (j = 0; j < t->regions[i].nr_namespaces; j++) {
			struct topo_ns *ns = &t->regions[i].namespaces[j];

			if (ns->block[0])
				add_block(s, ns);
			if (ns->chardev[0])
				add_char(s, ns);
		}
	}
}

static void endmntentp(FILE **f)
{
	if (*f)
		endmntent(*f);
}

static void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* Calls @look for each entry of @path whose name begins with @prefix. */
static void for_each(struct search *s, const char *path, const char *prefix,
                     void (*look)(struct search *s, int dirfd, const char *name))
{
	int fd = open_dir(path);
	nv_cleanup(closedirp) DIR *dir = NULL;
	const struct dirent *e;

	if (fd < 0)
		return; /* no such thing on this host */
	dir = dir_of(fd);
	if (!dir)
		return failed(s, -ENOMEM);
	while ((e = readdir(dir)))
		if (!strncmp(e->d_name, prefix, strlen(prefix)))
			look(s, fd, e->d_name);
}

/*
 * A loop device, and a disk of a Xen guest, hold what they stand on open in
 * the kernel: no process has it, no holders directory lists it, and it can be
 * opened exclusively all the same (drivers/block/loop.c,
 * drivers/block/xen-blkback/xenbus.c).
 */
static void look_at_loop(struct search *s, int dirfd, const char *name)
{
	char path[NAME_MAX + 32], file[PATH_MAX];
	const struct node *n;

	snprintf(path, sizeof(path), "%s/loop/backing_file", name);
	if (sysfs_read(dirfd, path, file, sizeof(file)) <= 0)
		return;
	n = node_at(s, file);
	if (n)
		add_user(s, n, TOPO_USE_HOLDER, name, 0);
}

static void look_at_vbd(struct search *s, int dirfd, const char *name)
{
	char path[NAME_MAX + 32], text[32];
	struct stat st = { .st_mode = S_IFBLK };
	const struct node *n;
	unsigned int maj, min;

	snprintf(path, sizeof(path), "%s/physical_device", name);
	if (sysfs_read(dirfd, path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%x:%x", &maj, &min) != 2)
		return;
	st.st_rdev = makedev(maj, min);
	n = find_node(s, &st);
	if (n)
		add_user(s, n, TOPO_USE_HOLDER, name, 0);
}

/* Process 1 sees the host's mounts even where a sandbox hides some from us. */
static void find_mounts(struct search *s)
{
	nv_cleanup(endmntentp) FILE *f = NULL;
	char path[PATH_MAX], buf[2 * PATH_MAX];
	const struct node *n;
	struct mntent m;

	snprintf(path, sizeof(path), "%s/1/mounts", s->proc);
	f = setmntent(path, "re");
	if (!f) {
		snprintf(path, sizeof(path), "%s/self/mounts", s->proc);
		f = setmntent(path, "re");
	}
	if (!f)
		return failed(s, -errno);
	while (getmntent_r(f, &m, buf, sizeof(buf))) {
		n = node_at(s, m.mnt_fsname);
		if (n)
			add_user(s, n, TOPO_USE_MOUNT, m.mnt_dir, 0);
	}
}

static void find_swaps(struct search *s)
{
	nv_cleanup(fclosep) FILE *f = NULL;
	char path[PATH_MAX], line[PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s/swaps", s->proc);
	f = fopen(path, "re");
	if (!f) {
		/* A kernel without swap has no such file. */
		if (errno != ENOENT)
			failed(s, -errno);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		const struct node *n;

		line[strcspn(line, " \t\n")] = '\0';
		n = node_at(s, line);
		if (n)
			add_user(s, n, TOPO_USE_SWAP, line, 0);
	}
}

/* Does this descriptor's link look like one to a device node? */
static bool may_be_node(int fddir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fddir, name, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return strstr(target, "/dev/") != NULL;
}

static void find_opened_by(struct search *s, int procdir, const char *pid)
{
	nv_cleanup(closedirp) DIR *dir = NULL;
	char path[NAME_MAX + 16], comm[TOPO_NAME];
	const struct dirent *e;
	int fd;

	snprintf(path, sizeof(path), "%s/fd", pid);
	fd = openat(procdir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		/* It ended meanwhile, or is none of ours to look at. */
		return;
	}
	dir = dir_of(fd);
	while (dir && (e = readdir(dir))) {
		const struct node *n;
		struct stat st;

		if (e->d_name[0] == '.' || !may_be_node(fd, e->d_name) ||
		    fstatat(fd, e->d_name, &st, 0))
			continue;
		n = find_node(s, &st);
		if (!n)
			continue;
		snprintf(path, sizeof(path), "%s/comm", pid);
		if (sysfs_read(procdir, path, comm, sizeof(comm)) < 0)
			snprintf(comm, sizeof(comm), "a process");
		add_user(s, n, TOPO_USE_OPENER, comm, atoi(pid));
	}
}

static void find_openers(struct search *s)
{
	nv_cleanup(closedirp) DIR *dir = NULL;
	const struct dirent *e;
	int fd;

	fd = open_dir(s->proc);
	if (fd < 0)
		return failed(s, fd);
	dir = dir_of(fd);
	if (!dir)
		return failed(s, -ENOMEM);
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			find_opened_by(s, fd, e->d_name);
}

int topo_users_find(const char *proc, struct topo *t)
{
	struct search s = {.proc = proc};

	find_nodes(&s, t);
	if (s.nr) {
		find_mounts(&s);
		find_swaps(&s);
		for_each(&s, "/sys/class/block", "loop", look_at_loop);
		for_each(&s, "/sys/bus/xen-backend/devices", "vbd-",
		         look_at_vbd);
		find_openers(&s);
	}
	free(s.nodes);
	return s.error;
}
