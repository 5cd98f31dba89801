/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/firmware_files.c - written beside, made durable, renamed.
 */
#include "adapter/firmware_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "codec/acpi_tables.h"

#define SUFFIX ".acpi"
#define PART ".part" /* no file of a guest ends so */

struct firmware_files {
	struct firmware_port port;
	char dir[FIRMWARE_PATH - NAME_MAX - 2];
	uint8_t tables[ACPI_TABLES_MAX];
};

static struct firmware_files *files_of(struct firmware_port *p)
{
	return nv_container_of(p, struct firmware_files, port);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || strchr("._-+@:", c);
}

/* @ret is of NAME_MAX + 1 bytes, and has room for PART behind it. */
static int file_name(const char *guest, char *ret)
{
	size_t room = NAME_MAX - strlen(SUFFIX PART), len = 0;
	bool named = !strncmp(guest, "name:", 5);
	struct nv_uuid uuid;
	const char *c = guest + 5;
	bool odd;

	if (strlen(guest) <= 5)
		return -EINVAL;
	for (; *c; c++) {
		odd = !is_plain((unsigned char)*c) ||
		      (c == guest + 5 && named &&
		       (*c == '.' || !nv_uuid_parse(c, &uuid)));
		if (len + (odd ? 3 : 1) > room)
			return -ENAMETOOLONG;
		if (odd)
			len += (size_t)sprintf(ret + len, "%%%02X",
					       (unsigned char)*c);
		else
			ret[len++] = *c;
	}
	strcpy(ret + len, SUFFIX);
	return 0;
}

/* Return: a descriptor, which the caller closes, or -errno. */
static int dir_open(const struct firmware_files *f, bool make)
{
	int fd;

	if (make && mkdir(f->dir, 0755) && errno != EEXIST)
		return -errno;
	fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Does the file hold these bytes and no more? */
static bool file_says(int dir, const char *name, const uint8_t *bytes,
		      size_t len)
{
	nv_cleanup(nv_closep) int fd = openat(dir, name,
					      O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t have[ACPI_TABLES_MAX + 1];
	size_t got = 0;
	ssize_t n;

	while (fd >= 0 && got < sizeof(have)) {
		n = read(fd, have + got, sizeof(have) - got);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got == len && !memcmp(have, bytes, len);
}

static int write_all(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	for (; len; bytes += n, len -= (size_t)n) {
		n = write(fd, bytes, len);
		if (n < 0)
			return -errno;
	}
	return fsync(fd) ? -errno : 0;
}

static int file_replace(int dir, const char *name, const uint8_t *bytes,
			size_t len)
{
	nv_cleanup(nv_closep) int fd = -1;
	char part[NAME_MAX + 1];
	int r;

	snprintf(part, sizeof(part), "%.*s" PART,
		 (int)(NAME_MAX - strlen(PART)), name);
	fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, len);
	if (!r && renameat(dir, part, dir, name))
		r = -errno;
	if (r) {
		unlinkat(dir, part, 0);
		return r;
	}
	return fsync(dir) ? -errno : 0;
}

static int files_put(struct firmware_port *p, const char *guest,
		     const struct firmware *fw, struct nv_why *why)
{
	struct firmware_files *f = files_of(p);
	nv_cleanup(nv_closep) int dir = -1;
	char name[NAME_MAX + 1];
	size_t len;
	int r;

	r = acpi_tables(fw, why, f->tables, &len);
	if (r)
		return r;
	r = file_name(guest, name);
	if (r)
		return nv_refuse(why, r, "the name of the guest %.100s is too long for a file",
				 guest);
	dir = dir_open(f, true);
	if (dir < 0)
		return nv_refuse(why, dir, "%s: %s", f->dir, strerror(-dir));
	if (file_says(dir, name, f->tables, len))
		return 0;
	r = file_replace(dir, name, f->tables, len);
	return r ? nv_refuse(why, r, "%s/%s: %s", f->dir, name, strerror(-r)) : 0;
}

static int files_del(struct firmware_port *p, const char *guest)
{
	nv_cleanup(nv_closep) int dir = dir_open(files_of(p), false);
	char name[NAME_MAX + 1];

	if (dir == -ENOENT || file_name(guest, name))
		return 0;
	if (dir < 0)
		return dir;
	if (unlinkat(dir, name, 0))
		return errno == ENOENT ? 0 : -errno;
	return fsync(dir) ? -errno : 0;
}

static bool is_kept(const char *name, const char *const *guests, size_t nr)
{
	char kept[NAME_MAX + 1];
	size_t i;

	for (i = 0; i < nr; i++)
		if (!file_name(guests[i], kept) && !strcmp(name, kept))
			return true;
	return false;
}

/* What somebody else put there, under other names, stays. */
static bool is_ours(const char *name)
{
	size_t len = strlen(name);

	if (len > strlen(PART) && !strcmp(name + len - strlen(PART), PART))
		len -= strlen(PART);
	return len > strlen(SUFFIX) &&
	       !strncmp(name + len - strlen(SUFFIX), SUFFIX, strlen(SUFFIX));
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int files_keep(struct firmware_port *p, const char *const *guests,
		      size_t nr)
{
	nv_cleanup(closedirp) DIR *d = opendir(files_of(p)->dir);
	struct dirent *e;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d)))
		if (is_ours(e->d_name) && !is_kept(e->d_name, guests, nr) &&
		    unlinkat(dirfd(d), e->d_name, 0))
			r = -errno;
	if (fsync(dirfd(d)) && !r)
		r = -errno;
	return r;
}

static int files_path(struct firmware_port *p, const char *guest, char *ret)
{
	char name[NAME_MAX + 1], path[FIRMWARE_PATH];
	int r;

	r = file_name(guest, name);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/%s", files_of(p)->dir, name);
	if (access(path, F_OK))
		return -errno;
	strcpy(ret, path);
	return 0;
}

static void files_free(struct firmware_port *p)
{
	free(files_of(p));
}

static const struct firmware_ops files_ops = {
	.put = files_put,
	.del = files_del,
	.keep = files_keep,
	.path = files_path,
	.free = files_free,
};

int firmware_files_new(const char *dir, struct firmware_port **ret)
{
	struct firmware_files *f;

	if (strlen(dir) >= sizeof(f->dir))
		return -ENAMETOOLONG;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->port.ops = &files_ops;
	strcpy(f->dir, dir);
	*ret = &f->port;
	return 0;
}
