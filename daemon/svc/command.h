/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/command.h - between the table of commands and the commands.
 */
#ifndef NV_SVC_COMMAND_H
#define NV_SVC_COMMAND_H

#include "codec/wire.h"
#include "ops/nvd.h"
#include "svc/client.h"
#include "svc/queue.h"

struct commands {
	struct sd_event *event;
	struct nvd *nvd;
	struct queue *queue;
	/* The one backup that is being made or sent, the one being received. */
	const struct client *backup, *restore;
	uint64_t received; /* bytes of the latter */
	unsigned int lists; /* of volumes that are being sent */
};

/*
 * Run a command: reply, or open a stream and return 0; or return why not,
 * NV_E_* or -errno with the sentence in @why.
 */
typedef int command_run(struct commands *x, struct client *c,
			const union wire_request *rq, struct nv_why *why);

/* command-flow.c: the long flows */
command_run command_create_volume, command_resize_volume,
	command_delete_volume, command_repair_volume, command_repair_pool, command_map, command_unmap,
	command_add_pool, command_release_pool, command_attach, command_detach;

/* command-stream.c: answers in pieces */
command_run command_list_volumes, command_monitor;

/* command-backup.c */
command_run command_backup, command_restore;

/** command_reply() - the method's one reply, by its table */
void command_reply(struct client *c, enum wire_method_id id, const void *reply);

#endif
