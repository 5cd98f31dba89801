/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port/firmware.h - what HVM guests are told of their pmem before they start.
 *
 * One file for each guest's list, which xl gives to the guest (acpi_firmware=).
 * The book is the home of what it says; the file is made again at every start.
 *
 * A guest is "uuid:..." or "name:...", as its list is kept.
 */
#ifndef NV_PORT_FIRMWARE_H
#define NV_PORT_FIRMWARE_H

#include "base/refuse.h"
#include "core/firmware.h"

/* Room for the path of a file. */
#define FIRMWARE_PATH 640

struct firmware_port;

struct firmware_ops {
	int (*put)(struct firmware_port *p, const char *guest,
		   const struct firmware *fw, struct nv_why *why);
	int (*del)(struct firmware_port *p, const char *guest);
	int (*keep)(struct firmware_port *p, const char *const *guests,
		    size_t nr);
	int (*path)(struct firmware_port *p, const char *guest, char *ret);
	void (*free)(struct firmware_port *p);
};

/* The adapter embeds it. */
struct firmware_port {
	const struct firmware_ops *ops;
};

/**
 * firmware_put() - from now on @guest finds this; durable when it returns
 * Nothing is written if the file says so already.
 * Return: 0; what the tables cannot say: NV_E_BAD_SIZE, NV_E_BAD_ALIGNMENT,
 * NV_E_GFN_OCCUPIED, ... and the file is as it was; -errno with a sentence.
 */
static inline int firmware_put(struct firmware_port *p, const char *guest,
			       const struct firmware *fw, struct nv_why *why)
{
	return p->ops->put(p, guest, fw, why);
}

/** firmware_del() - it finds nothing. Return: 0, also if there was none; -errno. */
static inline int firmware_del(struct firmware_port *p, const char *guest)
{
	return p->ops->del(p, guest);
}

/** firmware_keep() - drop the files of all guests but these. Return: 0; -errno, the rest is dropped. */
static inline int firmware_keep(struct firmware_port *p,
				const char *const *guests, size_t nr)
{
	return p->ops->keep(p, guests, nr);
}

/**
 * firmware_path() - where the file of @guest is
 * @ret: of FIRMWARE_PATH bytes
 * Return: 0; -ENOENT there is none; -ENAMETOOLONG there cannot be; -errno.
 */
static inline int firmware_path(struct firmware_port *p, const char *guest,
				char *ret)
{
	return p->ops->path(p, guest, ret);
}

static inline void firmware_freep(struct firmware_port **p)
{
	if (*p)
		(*p)->ops->free(*p);
	*p = NULL;
}

#endif
