/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/firmware_files.h - guests' ACPI tables, a file each in one directory.
 *
 * UUID.acpi or NAME.acpi. A byte of a name that could mislead a shell, xl's
 * configuration or the file system stands as %XX; so does the first one of a
 * name that looks like a UUID or is hidden.
 */
#ifndef NV_ADAPTER_FIRMWARE_FILES_H
#define NV_ADAPTER_FIRMWARE_FILES_H

#include "port/firmware.h"

/** firmware_files_new() - in @dir, which is made with the first file. Return: 0, -ENOMEM, -ENAMETOOLONG. */
int firmware_files_new(const char *dir, struct firmware_port **ret);

#endif
