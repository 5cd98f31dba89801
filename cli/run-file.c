/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/run-file.c - the database into a file and back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/verbs.h"

struct copied {
	char file[VIEW_TEXT];
	uint64_t bytes;
};

static const struct field copied_fields[] = {
	{ "file", FIELD_TEXT, FIELD_OF(copied, file) },
	{ "bytes", FIELD_SIZE, FIELD_AT(copied, bytes) },
};

static const struct fields copied_table = {
	.type = "file",
	.size = sizeof(struct copied),
	.field = copied_fields,
	.n = NV_ARRAY_SIZE(copied_fields),
};

static int could_not(struct ctl *x, const char *what, const char *path)
{
	int r = -errno;

	return nv_refuse(&x->why, r, "cannot %s %s: %s", what, path,
			 strerror(-r));
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
	ssize_t w;

	for (; n; bytes += w, n -= (size_t)w) {
		w = write(fd, bytes, n);
		if (w < 0)
			return -errno;
	}
	return 0;
}

/* Every piece into @fd. */
static int receive(struct ctl *x, int fd, const char *path, uint64_t *ret)
{
	const struct fields *t = wire_method(x->verb->method)->reply;
	const union wire_request rq = {};
	struct view_progress p = { .step = "backup" };
	struct wire_chunk reply;
	bool continues = true;
	int r;

	*ret = 0;
	r = ctl_call(x, &rq, true);
	while (!r && continues) {
		reply = (struct wire_chunk){};
		continues = false;
		r = ctl_reply(x, &reply, &continues);
		if (!r && reply.offset != *ret)
			r = nv_refuse(&x->why, -EPROTO,
				      "nvdimmd sent the backup out of order");
		if (!r && write_all(fd, reply.chunk, reply.n_chunk))
			r = could_not(x, "write", path);
		*ret += reply.n_chunk;
		p.done = *ret;
		p.total = reply.total;
		fields_release(t, &reply);
		if (!r && continues)
			x->output->progress(x, &p);
	}
	if (!r && p.done != p.total)
		r = nv_refuse(&x->why, -EPROTO,
			      "nvdimmd sent only %llu of %llu bytes",
			      (unsigned long long)p.done,
			      (unsigned long long)p.total);
	if (!r && fsync(fd))
		r = could_not(x, "write", path);
	return r;
}

int run_backup(struct ctl *x)
{
	nv_cleanup(nv_closep) int fd = -1;
	struct copied copied = {};
	char temporary[4096];
	int r;

	/* beside FILE, and renamed when it is whole */
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX",
			     x->arg[0]) >= sizeof(temporary))
		return ctl_usage(x, "FILE is too long");
	r = ctl_connect(x);
	if (r)
		return r;
	fd = mkstemp(temporary);
	if (fd < 0)
		return could_not(x, "create", temporary);
	r = receive(x, fd, temporary, &copied.bytes);
	if (!r && rename(temporary, x->arg[0]))
		r = could_not(x, "create", x->arg[0]);
	if (r) {
		unlink(temporary);
		return r;
	}
	view_text_set(copied.file, sizeof(copied.file), x->arg[0]);
	x->output->result(x, &copied_table, &copied);
	return 0;
}

static int send_all(struct ctl *x, int fd, const char *path, uint64_t total)
{
	struct view_progress p = { .step = "restore", .total = total };
	uint8_t bytes[WIRE_CHUNK];
	union wire_request rq = { .restore = { .chunk = bytes } };
	struct wire_received reply = {};
	bool continues;
	ssize_t n;
	int r;

	do {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0)
			return could_not(x, "read", path);
		rq.restore.n_chunk = (size_t)n;
		rq.restore.offset = p.done;
		p.done += (uint64_t)n;
		rq.restore.finished = p.done >= total || !n;
		r = ctl_call(x, &rq, false);
		if (!r)
			r = ctl_reply(x, &reply, &continues);
		if (r)
			return r;
		if (!rq.restore.finished)
			x->output->progress(x, &p);
	} while (!rq.restore.finished);
	return 0;
}

int run_restore(struct ctl *x)
{
	nv_cleanup(nv_closep) int fd = open(x->arg[0], O_RDONLY | O_CLOEXEC);
	struct copied copied = {};
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return could_not(x, "read", x->arg[0]);
	if (!S_ISREG(st.st_mode))
		return ctl_usage(x, "%.256s is no file", x->arg[0]);
	r = ctl_connect(x);
	if (r)
		return r;
	if (!ctl_may_go_on(x, "Replace nvdimmd's database: every volume and event it knows now?"))
		return ctl_not_done(x);
	r = send_all(x, fd, x->arg[0], (uint64_t)st.st_size);
	if (r)
		return r;
	copied.bytes = (uint64_t)st.st_size;
	view_text_set(copied.file, sizeof(copied.file), x->arg[0]);
	x->output->result(x, &copied_table, &copied);
	return 0;
}

void show_copied(struct ctl *x, FILE *f, const void *reply)
{
	const struct copied *c = reply;
	char size[VIEW_NAME];

	fprintf(f, x->verb->method == WIRE_BACKUP ?
			   "The database is in %s, %s.\n" :
			   "%s is the database now, %s.\n",
		c->file, show_size(c->bytes, size));
}
