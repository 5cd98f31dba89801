/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/refuse.h - every reason for which nvdimmd says no, in one table.
 *
 * A function returns 0 (done), < 0 (-errno: it could not) or > 0 (one of the
 * codes below: it will not). The code names the reason; the sentence with the
 * values is written where the refusal is made, into a struct nv_why; what the
 * person can do next comes from the table. The same numbers are nvctl's exit
 * status and the same names the Varlink errors, so the list is append-only.
 */
#ifndef NV_BASE_REFUSE_H
#define NV_BASE_REFUSE_H

#include "base/macros.h"

/*
 * X(code, NAME, Varlink error, what to do next)
 *
 * 1 and 2 are left free: by custom they are a program's own failure and wrong
 * usage of its command line.
 */
#define NV_REFUSALS(X)                                                                                            \
	X(3, BAD_REQUEST, BadRequest, "Check the request against the interface description or the man page.")     \
	X(4, PERMISSION, PermissionDenied, "Run the command as root.")                                            \
	X(5, NOT_RUNNING, NotRunning, "Start the daemon with 'systemctl start nvdimmd' and look at 'journalctl -u nvdimmd'.") \
	X(6, NO_POOL, NoSuchPool, "List the pools with 'nvctl pool list'.")                                       \
	X(7, NO_VOLUME, NoSuchVolume, "List the volumes with 'nvctl volume list'.")                               \
	X(8, NO_DOMAIN, NoSuchDomain, "List the domains with 'xl list'.")                                         \
	X(9, NO_REGION, NoSuchRegion, "List the regions and namespaces with 'ndctl list -RN' and the pools with 'nvctl pool list'.") \
	X(10, NO_MAPPING, NotMapped, "List what is mapped with 'nvctl status'.")                                  \
	X(11, EXISTS, AlreadyExists, "Choose another name.")                                                      \
	X(12, BAD_NAME, BadName, "Use 1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit.") \
	X(13, BAD_SIZE, BadSize, "Give one of the sizes that the message names.")                                 \
	X(14, BAD_ALIGNMENT, BadAlignment, "Give one of the addresses that the message names.")                   \
	X(15, NO_SPACE, NoSpace, "Add a pool, delete volumes that are not needed, or ask for a smaller size.")    \
	X(16, POOL_BUSY, PoolBusy, "Stop what uses the namespace, then try again.")                               \
	X(17, VOLUME_BUSY, VolumeBusy, "Unmap the volume first: 'nvctl unmap VOLUME'.")                           \
	X(18, ALREADY_MAPPED, AlreadyMapped, "Nothing to do, or unmap it first: 'nvctl unmap VOLUME'.")           \
	X(19, NOT_OWNER, NotOwner, "Give the guest the UUID that owns the volume (uuid= in its xl configuration; xl invents a new one at each start otherwise), or map with --force-owner.") \
	X(20, GFN_OCCUPIED, GuestAddressOccupied, "Choose another guest address, or leave --gpa out and let nvdimmd choose.") \
	X(21, GPA_LIMIT, GuestAddressLimit, "Choose an address below the limit, or leave --gpa out and let nvdimmd choose.") \
	X(22, BROKEN, BrokenRange, "Map a volume instead (it maps without the bad frames), or repair the range: 'nvctl why PLACE'.") \
	X(23, WRONG_DOMAIN, UnsuitableDomain, "Persistent memory needs an HVM or PVH guest with hardware assisted paging.") \
	X(24, DYING, DomainDying, "Wait until the domain is gone and start it again.")                            \
	X(25, BUSY, Busy, "Wait for the operation that is under way ('nvctl status'), then try again.")           \
	X(26, NO_HYPERVISOR, NoHypervisorSupport, "Boot a hypervisor with the nvdimm_op patches, or run against nvdimm-sim.") \
	X(27, BAD_BOOK, BadDatabase, "Restore a backup with 'nvdimmd --restore FILE'.")                               \
	X(28, BOOK_READ_ONLY, DatabaseReadOnly, "Make room on, or remount, the file system that holds the database.") \
	X(29, BAD_CONFIG, BadConfiguration, "Correct the file and check it with 'nvdimmd --check-config'.")       \
	X(30, LIMIT, LimitReached, "Close other clients or ask for less at once.")                                \
	X(31, UNKNOWN_EXTENT, UnknownExtent, "Look at it with 'nvctl status'; it is kept until its domain ends.")  \
	X(32, UNSUPPORTED, Unsupported, "The message says what is needed.")                                       \
	X(33, HYPERVISOR, HypervisorRefused, "The hypervisor's log ('xl dmesg') may say more.")                   \
	X(34, TIMEOUT, TimedOut, "Look at 'nvctl status' and try again.")                                         \
	X(35, NO_EVENT, NoSuchEvent, "List the events with 'nvctl events'.")                                      \
	X(36, POOL_IN_USE, PoolInUse, "Delete or move the pool's volumes first: 'nvctl volume list'.")            \
	X(37, NO_BACKUP, BadBackup, "Give a file that 'nvctl backup' wrote.")                 \
	X(38, LISTED, VolumeListed, "Take it off the guest's list first: 'nvctl guest remove GUEST VOLUME'.")     \
	X(39, DEVICE_TAKEN, DeviceTaken, "Leave --device out and let nvdimmd choose the number.")                 \
	X(40, NO_DEVICE, NoSuchDevice, "List what guests are to get with 'nvctl guest list'.")                    \
	X(41, NO_CONSENT, GuestKeepsIt, "Shut the guest down, or take the memory from it with 'nvctl detach --force': if it uses it then, it is killed.")

enum nv_refusal {
#define NV_X(code, NAME, varlink, hint) NV_E_##NAME = (code),
	NV_REFUSALS(NV_X)
#undef NV_X
};

/* The sentence that goes with a refusal. Embed it; nothing to free. */
struct nv_why {
	char text[512];
};

/**
 * nv_refuse() - write the sentence and return the code
 * @why: where the sentence goes; NULL if nobody will read it
 * @code: NV_E_*, or a -errno that deserves a sentence
 * The sentence says what was wrong, with the values, without a full stop's
 * worth of advice: the advice is the table's. It is cut at the buffer's end.
 * Return: @code.
 */
int nv_refuse(struct nv_why *why, int code, const char *fmt, ...) nv_printf(3, 4);

/** nv_refusal_varlink() - the Varlink error's short name, or NULL for a code not in the table */
const char *nv_refusal_varlink(int code);

/** nv_refusal_hint() - what to do next, or NULL for a code not in the table */
const char *nv_refusal_hint(int code);

/** nv_refusal_code() - the code for a Varlink error's short name, or 0 */
int nv_refusal_code(const char *varlink);

#endif
