// SPDX-License-Identifier: Apache-2.0
// For check_evidence.py: reads "MARGIN ERROR COMPARISONS RESOLUTION LOSS...", a sequence a line, and prints
// the evidence that the mean is above the margin after every loss, a ";", and what the sequence decides.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tools/statistics/decision.hpp"

int main() {
  using namespace apical::tools;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    Question q;
    in >> q.margin >> q.error >> q.comparisons >> q.resolution;
    std::vector<double> losses;
    for (double x = 0.0; in >> x;) losses.push_back(x);
    double mean = 0.0, squares = 0.0;
    for (std::size_t n = 1; n <= losses.size(); ++n) {
      mean = squares = 0.0;
      for (std::size_t i = 0; i < n; ++i) mean += (losses[i] - q.margin) / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i)
        squares += (losses[i] - q.margin - mean) * (losses[i] - q.margin - mean);
      std::printf("%.17g ", log_evidence(n, mean, squares));
    }
    const Decision d = decide(losses, q);
    std::printf("; %s %zu\n", in_words(d.verdict), d.pairs);
  }
  return 0;
}
