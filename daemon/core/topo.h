/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * core/topo.h - the host's persistent memory, as one plain value.
 *
 * An adapter fills it (port/topo.h), nobody changes it afterwards; it is
 * loaded again whole when the host says that something changed.
 *
 * Units: spa, offset and size are bytes; a bad range counts 4 KiB frames.
 * Ownership is nesting: topo_free() frees everything below.
 * Always true after topo_finish(): sizes are not zero; regions are sorted by
 * spa and disjoint; so are the namespaces of a region, and they lie within it;
 * bad ranges are sorted, disjoint, not adjacent and within their region; no
 * two namespaces have the same id. What did not fit was left out and stands,
 * as a sentence for a person, in problems[].
 */
#ifndef NV_CORE_TOPO_H
#define NV_CORE_TOPO_H

#include "base/macros.h"
#include "base/refuse.h"
#include "base/uuid.h"

/* The kernel's names, and a label's, with the final NUL. */
#define TOPO_NAME  64
#define TOPO_FRAME UINT64_C(4096)

enum topo_persistence {
	TOPO_PERSISTENCE_UNKNOWN,   /* the platform did not say */
	TOPO_PERSISTENCE_NONE,      /* it said: not persistent */
	TOPO_PERSISTENCE_MEM_CTRL,  /* safe once the memory controller has it
	                               (ADR) */
	TOPO_PERSISTENCE_CPU_CACHE, /* safe once it left the core (eADR) */
};

/*
 * How the kernel lays data out in a namespace. While it is disabled only a
 * label of version 1.2 can tell.
 */
enum topo_mode {
	TOPO_MODE_UNKNOWN,
	TOPO_MODE_RAW,
	TOPO_MODE_SECTOR,
	TOPO_MODE_FSDAX,
	TOPO_MODE_DEVDAX,
};

/* What a DIMM says about itself; the words follow ndctl list -DH. */
enum topo_health {
	TOPO_HEALTH_SMART_EVENT = 1 << 0,    /* a threshold was crossed */
	TOPO_HEALTH_FAILED_SAVE = 1 << 1,    /* at the last power loss */
	TOPO_HEALTH_FAILED_RESTORE = 1 << 2,
	TOPO_HEALTH_FAILED_FLUSH = 1 << 3,
	TOPO_HEALTH_FAILED_ARM = 1 << 4,     /* power loss will lose writes */
	TOPO_HEALTH_FAILED_MAP = 1 << 5,
	TOPO_HEALTH_NON_CRITICAL = 1 << 6,   /* SMART: maintenance is due */
	TOPO_HEALTH_CRITICAL = 1 << 7,       /* SMART: it suffers */
	TOPO_HEALTH_FATAL = 1 << 8,          /* SMART: data is or will be lost */
	TOPO_HEALTH_DISABLED = 1 << 9,       /* the kernel has no driver on it */
	TOPO_HEALTH_LOCKED = 1 << 10,        /* security: locked */
};

struct topo_dimm {
	char name[TOPO_NAME]; /* nmem0 */
	char id[TOPO_NAME];   /* the NFIT's unique id, e.g. 8680-56341200 */
	uint32_t handle;      /* ACPI device handle: node, socket, controller,
	                         channel, slot */
	uint32_t serial;
	uint32_t health; /* enum topo_health, or-ed */
};

enum topo_use {
	TOPO_USE_MOUNT,      /* name is the mount point */
	TOPO_USE_SWAP,       /* name is the device */
	TOPO_USE_HOLDER,     /* name is the block device stacked on it: dm-0 */
	TOPO_USE_OPENER,     /* name is the program, pid its process */
	TOPO_USE_SYSTEM_RAM, /* onlined as memory; name is the dax device */
};

struct topo_user {
	enum topo_use use;
	int pid; /* TOPO_USE_OPENER only, else 0 */
	char *name;
};

struct topo_ns {
	char name[TOPO_NAME];    /* namespace0.0 */
	char label[TOPO_NAME];   /* the label's own name ("" if none): no
	                            identity, anyone may repeat it */
	char block[TOPO_NAME];   /* pmem0; "" while it has none */
	char chardev[TOPO_NAME]; /* dax0.0; "" while it has none */
	struct nv_uuid id;       /* pool identity: see topo_id_from_cookie() */
	bool id_derived;         /* it has no label: id comes from the region */
	enum topo_mode mode;
	bool enabled; /* the kernel uses it */
	bool read_only;
	uint64_t spa;
	uint64_t size;
	struct topo_user *users; /* who keeps it from being taken */
	size_t nr_users;
};

/* @nr frames from @offset, a multiple of 4 KiB from the region's start. */
struct topo_bad {
	uint64_t offset;
	uint64_t nr;
};

struct topo_region {
	char name[TOPO_NAME]; /* region0 */
	uint64_t spa;
	uint64_t size;
	uint64_t cookie; /* the interleave set's, 0 if it has none */
	int numa_node;   /* -1: unknown */
	enum topo_persistence persistence;
	bool read_only;
	bool enabled;
	bool labelled;    /* its DIMMs carry labels: several namespaces are
	                     possible */
	bool bad_unknown; /* the kernel did not tell: bad[] may lack ranges */
	struct topo_dimm *dimms;
	size_t nr_dimms;
	struct topo_ns *namespaces;
	size_t nr_namespaces;
	struct topo_bad *bad;
	size_t nr_bad;
};

struct topo {
	struct topo_region *regions;
	size_t nr_regions;
	char **problems;
	size_t nr_problems;
};

/** topo_free() - and everything below it; NULL is fine. Return: NULL. */
struct topo *topo_free(struct topo *t);
void topo_freep(struct topo **t);

/*
 * Building, for adapters and codecs. Each appends a zeroed element and
 * returns it, or NULL when memory is out. A pointer got earlier from the same
 * array is void after the next call.
 */
struct topo *topo_new(void);
struct topo_region *topo_add_region(struct topo *t);
struct topo_dimm *topo_add_dimm(struct topo_region *r);
struct topo_ns *topo_add_ns(struct topo_region *r);

/** topo_add_user() - @name is copied. Return: 0 or -ENOMEM. */
int topo_add_user(struct topo_ns *ns, enum topo_use use, const char *name,
                  int pid);

/**
 * topo_add_bad() - bytes [offset, offset + size) of the region are bad
 * Widened to whole frames, clipped to the region; any order, overlap is fine.
 * Return: 0 or -ENOMEM.
 */
int topo_add_bad(struct topo_region *r, uint64_t offset, uint64_t size);

/** topo_add_problem() - a sentence about what was left out. Return: 0, -ENOMEM */
int topo_add_problem(struct topo *t, const char *fmt, ...) nv_printf(2, 3);

/**
 * topo_finish() - sort, merge, and leave out what cannot be true
 * Must be called once, when everything is in. Establishes what the head of
 * this file promises: a region or namespace of size zero, not made of whole
 * frames, past the end of the address space, outside its region or
 * overlapping another is left out (of two that overlap, both: neither can be
 * trusted), and so are all namespaces that share an id.
 * Return: 0 or -ENOMEM (the topology must then be thrown away).
 */
int topo_finish(struct topo *t) nv_must_check;

/**
 * topo_remove_bad() - after topo_finish(): @nr frames from @offset are good
 * @offset counts bytes from the region's start and is a multiple of 4 KiB.
 * Return: 0 or -ENOMEM, nothing changed then.
 */
int topo_remove_bad(struct topo_region *r, uint64_t offset,
                    uint64_t nr) nv_must_check;

/**
 * topo_id_from_cookie() - the pool identity of a region without labels
 * Such a region holds one namespace, so its interleave set (which DIMMs, in
 * which order) tells it apart. A version 8 UUID (RFC 9562, 5.8): "nvpool", then
 * the cookie. It never collides with a label's random UUID.
 */
struct nv_uuid topo_id_from_cookie(uint64_t cookie);

/** topo_id_cookie() - back again. Return: true and *@ret if @id was made so. */
bool topo_id_cookie(const struct nv_uuid *id, uint64_t *ret);

/* A namespace and its region, within a topology. */
struct topo_place {
	const struct topo_region *region;
	const struct topo_ns *ns;
};

/** topo_find_id() - the one with this identity. Return: true and *@ret if any */
bool topo_find_id(const struct topo *t, const struct nv_uuid *id,
                  struct topo_place *ret);

/** topo_place_has() - are these @nr frames, one at least, from byte @offset on, the namespace's? */
bool topo_place_has(const struct topo_place *place, uint64_t offset,
                    uint64_t nr);

/**
 * topo_find_spa() - what lies at @spa
 * Return: true and *@ret, ret->ns being NULL between namespaces; false.
 */
bool topo_find_spa(const struct topo *t, uint64_t spa, struct topo_place *ret);

/**
 * topo_find() - the namespace that a person means
 * @text: a UUID; namespaceX.Y; pmemN or daxX.Y, with or without /dev/; the
 *	label's name; or regionN, if that region has exactly one namespace
 *
 * Return: 0 and *@ret; NV_E_NO_REGION; NV_E_BAD_REQUEST (several fit, the
 * sentence lists them).
 */
int topo_find(const struct topo *t, const char *text, struct topo_place *ret,
              struct nv_why *why) nv_must_check;

/**
 * topo_check_pool() - may this namespace become a pool?
 * Asks for what cannot be put right later: raw mode (in the others the kernel
 * keeps its own data in the namespace) and the right to write.
 * Return: 0 or NV_E_UNSUPPORTED with the command that changes it.
 */
int topo_check_pool(const struct topo_place *place,
                    struct nv_why *why) nv_must_check;

/**
 * topo_check_idle() - refuse by name every user of the namespace
 * Return: 0 or NV_E_POOL_BUSY.
 */
int topo_check_idle(const struct topo_ns *ns, struct nv_why *why) nv_must_check;

/* The words in text and JSON; never NULL. */
const char *topo_mode_name(enum topo_mode mode);
const char *topo_persistence_name(enum topo_persistence p);
const char *topo_use_name(enum topo_use use);

/** topo_mode_parse() - the mode named @text. Return: 0 or -EINVAL. */
int topo_mode_parse(const char *text, enum topo_mode *ret) nv_must_check;
int topo_persistence_parse(const char *text,
                           enum topo_persistence *ret) nv_must_check;
int topo_use_parse(const char *text, enum topo_use *ret) nv_must_check;

/** topo_health_name() - the word for one bit of enum topo_health, or NULL */
const char *topo_health_name(uint32_t bit);

/** topo_user_print() - "mounted on /srv", "opened by dd (4711)". Return: @buf */
const char *topo_user_print(const struct topo_user *u, char *buf, size_t len);

#endif
