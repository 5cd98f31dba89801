/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops/tables.h - each guest's ACPI tables say what its list says.
 *
 * A change of a list ends with tables_sync(); a start with tables_boot(). The
 * book is the home, so a file that cannot be written is an alarm and nothing
 * is taken back for it.
 */
#ifndef NV_OPS_TABLES_H
#define NV_OPS_TABLES_H

#include "ops/nvd.h"

/**
 * tables_of() - make the file of @guest right, and tell where it is
 * @guest: as lists are kept, "uuid:..." or "name:..."
 * @path: of FIRMWARE_PATH bytes; NULL if it is not of interest
 * Return: 0; why an HVM guest cannot be told of this list, which has no file
 * then: NV_E_NO_DEVICE (it is empty), NV_E_BAD_SIZE, ...; NV_E_UNSUPPORTED
 * (nvdimmd was started without a place for files); -errno, and ALARM_TABLES.
 */
int tables_of(struct nvd *nvd, const char *guest, struct nv_why *why,
	      char *path);

/** tables_sync() - tables_of() after a change of the list */
void tables_sync(struct nvd *nvd, const char *guest);

/** tables_sync_volume() - and of all lists that have @v, whose size or pool changed */
void tables_sync_volume(struct nvd *nvd, const struct volume *v);

/** tables_boot() - of all lists; no file is left of any other */
void tables_boot(struct nvd *nvd);

#endif
