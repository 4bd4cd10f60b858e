/* SPDX-License-Identifier: Apache-2.0 */
/* What consumer.cpp does, by the C interface. */
#include <apical.h>
#include <stdio.h>

int main(int count, char** arguments) {
  apical_emulator* emulator = NULL;
  char digest[APICAL_DIGEST_SIZE];
  double input[64], target[10];
  int t, i;
  if (count != 2 || apical_open(arguments[1], NULL, NULL, 0, &emulator) != APICAL_OK) {
    fprintf(stderr, "%s\n", apical_last_error(NULL));
    return 2;
  }
  for (t = 0; t < 100; ++t) {
    for (i = 0; i < 64; ++i) input[i] = (7 * i + t) % 16 / 16.0;
    for (i = 0; i < 10; ++i) target[i] = t % 10 == i ? 1.0 : 0.0;
    if (apical_set_input(emulator, input, 64) != APICAL_OK || apical_set_target(emulator, target, 10) != APICAL_OK ||
        apical_set_nudge(emulator, 1.0) != APICAL_OK || apical_tick(emulator) != APICAL_OK)
      fprintf(stderr, "%s\n", apical_last_error(emulator));
  }
  if (apical_digest(emulator, digest, sizeof digest) == APICAL_OK) puts(digest);
  return apical_close(emulator) == APICAL_OK ? 0 : 2;
}
