#include <benchmark/benchmark.h>

// SystemC's library has a main of its own, which looks for this; ours comes first.
extern "C" int sc_main(int, char**) {
  return 0;
}

BENCHMARK_MAIN();
