// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

#include "tools/deploy/deploy.hpp"

namespace apical::tools {

/// apical_deployment.h: all that a host in C needs beside hw/firmware: the words that load the program,
/// sizes, formats and addresses of inputs, targets, outputs and weights, learning rates, parameters of the
/// core.
std::string firmware_header(const Deployment&);

/// File name -> text for $readmemh, one per memory that the host loads, addressed as in the window.
std::map<std::string, std::string> memory_images(const Deployment&);

}  // namespace apical::tools
