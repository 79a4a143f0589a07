/* store_memory - the custody store in memory, for the simulator and for tests.
 *
 * Same contract as on disk. What a commit wrote survives close as long as the caller keeps the
 * struct store_memory_image, which stands for the disk.
 */
#pragma once

#include "gateway/port/store.h"

struct store_memory_image;

struct store_memory_image *store_memory_image_new(void);
void store_memory_image_destroy(struct store_memory_image **image);
/* A backup of all that it has. The caller's; ends the process when there is no memory. */
struct store_memory_image *store_memory_image_copy(const struct store_memory_image *image);

enum reason store_memory_open(struct store_memory_image *image, struct store **ret_store);
