// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tools/cli/commands.hpp"
#include "tools/report/messages.hpp"
#include "tools/report/version.hpp"

namespace {

std::string names_of(const std::vector<CLI::App*>& commands) {
  std::string names;
  for (const CLI::App* command : commands) names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

// A standard stream that was closed before us must not lend its number to a file of ours: its place is taken
// by one that reads, so that writing fails and is reported; what would report it writes to nowhere.
void reserve_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream == 2 ? O_WRONLY : O_RDONLY) != stream)
      std::_Exit(2);
}

// Whether or not anybody can hear it.
void say(const std::string& text) {
  std::string line = "apical: ";
  for (const char c : text)  // some of it may be what a hostile file holds
    line += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

int main(int argc, char** argv) {
  reserve_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit becomes a write error, which is reported
  CLI::App app("apical: from a theory of learning in the cortex to silicon", "apical");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", apical::tools::program());
  app.footer(
      "Start with `apical list`, then `apical run tools/configs/digits8.toml`.\nExit status: 0 ok, 1 a check "
      "failed or a run diverged, 2 bad usage or input.");
  int status = 0;
  try {
    apical::tools::add_run(app, status);
    apical::tools::add_verify(app, status);
    apical::tools::add_vectors(app, status);
    apical::tools::add_quantise(app, status);
    apical::tools::add_compile(app, status);
    apical::tools::add_deploy(app, status);
    apical::tools::add_experiment(app, status);
    apical::tools::add_mesh(app, status);
    apical::tools::add_sweep(app, status);
    apical::tools::add_profile(app, status);
    apical::tools::add_optimise(app, status);
    apical::tools::add_weights_command(app, status);
    apical::tools::add_nir(app, status);
    apical::tools::add_list(app, status);
    apical::tools::add_config_reference(app, status);
    apical::tools::add_manual(app, status);
    std::vector<std::string> arguments(argv + 1, argv + argc);
    // Numbers that start with a minus are none of its options, so `quantise` takes what it doesn't know for
    // numbers, and nothing has to tell one from the other.
    if (!arguments.empty() && arguments.front() == "quantise")
      arguments.erase(std::remove(arguments.begin(), arguments.end(), "--"), arguments.end());
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(arguments);
    if (app.get_subcommands().empty())
      throw apical::tools::InputError("no command; accepted: " + names_of(app.get_subcommands({})));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    say(apical::tools::echoed(error.what(), 1000) + " (see apical --help)");
    return 2;
  } catch (const std::exception& error) {
    say(apical::tools::explained(error));
    return 2;
  }
  if (std::fflush(stdout) != 0) {
    say("standard output can't be written (a full disk?)");
    return 2;
  }
  return status;
}
