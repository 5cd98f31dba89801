/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/command-backup.c - the database to a client, and back.
 *
 * One backup and one restore at a time, each through a file of its own in the
 * state directory; a file left by a daemon that died is overwritten.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "svc/command.h"

struct backup {
	struct commands *x;
	struct client *c;
	char path[SETTINGS_PATH + 16];
	int fd; /* of the finished snapshot */
	uint64_t offset, total;
};

static void file_path(const struct commands *x, const char *name, char *buf,
		      size_t size)
{
	snprintf(buf, size, "%s/%s", x->nvd->set.state_dir, name);
}

static int could_not(struct nv_why *why, const char *what, const char *path)
{
	int r = -errno;

	return nv_refuse(why, r, "cannot %s %s: %s", what, path, strerror(-r));
}

/* ---- backup ---- */

static void backup_pump(struct client *c, void *userdata)
{
	struct backup *b = userdata;
	uint8_t bytes[WIRE_CHUNK];
	struct wire_chunk reply = { .chunk = bytes,
				    .offset = b->offset,
				    .total = b->total };
	struct nv_why why;
	ssize_t n;

	if (b->fd < 0)
		return; /* the snapshot is still being made */
	n = pread(b->fd, bytes, sizeof(bytes), (off_t)b->offset);
	if (n <= 0) {
		errno = n ? errno : EIO;
		client_refuse(c, could_not(&why, "read", b->path), &why);
		return;
	}
	reply.n_chunk = (size_t)n;
	b->offset += (uint64_t)n;
	client_reply(c, wire_method(WIRE_BACKUP)->reply, &reply,
		     b->offset < b->total);
}

static void on_snapshot(void *userdata, struct op *op, int r,
			const struct nv_why *op_why)
{
	struct backup *b = userdata;
	struct nv_why why = *op_why;
	struct stat st;

	if (!r) {
		b->fd = open(b->path, O_RDONLY | O_CLOEXEC);
		if (b->fd < 0 || fstat(b->fd, &st))
			r = could_not(&why, "read", b->path);
		else
			b->total = (uint64_t)st.st_size;
	}
	if (r)
		client_refuse(b->c, r, &why);
	else
		client_wake(b->c);
}

static void backup_end(struct client *c, void *userdata)
{
	struct backup *b = userdata;

	queue_forget(b->x->queue, b);
	b->x->backup = NULL;
	unlink(b->path);
	nv_closep(&b->fd);
	free(b);
}

int command_backup(struct commands *x, struct client *c,
		   const union wire_request *rq, struct nv_why *why)
{
	nv_cleanup(nv_freep) struct backup *b = NULL;
	struct client_stream s = { backup_pump, backup_end, NULL };
	struct queue_client qc = { .done = on_snapshot };
	struct op *op = NULL;
	int r;

	if (x->backup)
		return nv_refuse(why, NV_E_BUSY,
				 "another backup is being made");
	r = queue_check(x->queue, why);
	if (r)
		return r;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->x = x;
	b->c = c;
	b->fd = -1;
	file_path(x, "backup.tmp", b->path, sizeof(b->path));
	if (unlink(b->path) && errno != ENOENT)
		return could_not(why, "remove", b->path);
	r = op_backup_begin(x->nvd, b->path, why, &op);
	if (r)
		return r;
	s.userdata = qc.userdata = b;
	r = queue_add(x->queue, op, &qc);
	if (r)
		return r;
	x->backup = c;
	nv_steal(&b);
	client_open(c, &s);
	return 0;
}

/* ---- restore ---- */

static int restore_write(struct commands *x, const struct wire_restore *rq,
			 const char *path, struct nv_why *why)
{
	nv_cleanup(nv_closep) int fd = -1;
	size_t done = 0;
	ssize_t n;

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		  (rq->offset ? 0 : O_TRUNC), 0600);
	if (fd < 0)
		return could_not(why, "write", path);
	while (done < rq->n_chunk) {
		n = pwrite(fd, rq->chunk + done, rq->n_chunk - done,
			   (off_t)(rq->offset + done));
		if (n < 0)
			return could_not(why, "write", path);
		done += (size_t)n;
	}
	if (rq->finished && fsync(fd))
		return could_not(why, "write", path);
	x->received = rq->offset + rq->n_chunk;
	return 0;
}

int command_restore(struct commands *x, struct client *c,
		    const union wire_request *request, struct nv_why *why)
{
	const struct wire_restore *rq = &request->restore;
	struct wire_received reply;
	char path[SETTINGS_PATH + 16];
	int r;

	/* whoever begins anew ends what another began: one has a root shell */
	if (!rq->offset) {
		x->restore = c;
		x->received = 0;
	}
	if (x->restore != c || rq->offset != x->received)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "the pieces of a backup must come in order, on one connection, from the beginning");
	file_path(x, "restore.tmp", path, sizeof(path));
	r = restore_write(x, rq, path, why);
	if (!r && rq->finished)
		r = op_restore(x->nvd, path, why);
	if (r || rq->finished) {
		x->restore = NULL;
		unlink(path);
	}
	reply.received = x->received;
	if (!r)
		command_reply(c, WIRE_RESTORE, &reply);
	return r;
}
