// kvm-mjpeg-httpd: frames from stdin go to browsers; browser input goes to stdout as action lines.
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "cli.h"
#include "http/origin.h"
#include "http/server.h"

namespace {

// systemd makes this folder for the service.
std::string default_used_codes() {
  const char* const folder = std::getenv("STATE_DIRECTORY");
  return folder && *folder ? std::string(folder) + "/used-codes" : "";
}

unsigned octal_mode(const std::string& text) {
  unsigned mode = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, mode, 8);
  if (read.ec != std::errc{} || read.ptr != end || mode > 0777)
    throw kvm::Error(kvm::Exit::kUsage, "--unix-mode " + text + ": not an octal mode (660)");
  return mode;
}

void check_origin(const std::string& origin, bool passwords) {
  if (origin.empty()) return;
  const std::string named = "--allow-origin " + origin + ": ";
  if (origin == "*" && passwords)
    throw kvm::Error(kvm::Exit::kUsage, named + "with --passwords, browsers accept only one site");
  if (origin != "*" && !kvm::is_origin(origin))
    throw kvm::Error(kvm::Exit::kUsage, named + "not an origin (https://dash.example.org)");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Serve MJPEG frames from stdin to browsers; print their input as action lines.",
               "kvm-mjpeg-httpd");
  kvm::ServerOptions options;
  const auto text = [&](const char* names, auto& value, const char* type, const char* help) {
    return app.add_option(names, value, help)->type_name(type);
  };
  options.words = {.listen = "-l ",
                   .host = "start it with --allow-host NAME if it is",
                   .forwarding = "start the server with --trust-proxy",
                   .passwords = "give --passwords FILE, or --no-auth-on-purpose",
                   .tls = "see --tls-cert",
                   .actions = {"see kvm-type --list-keys", "see kvm-type --list-layouts"}};
  std::string mode = "660";

  text("-l,--listen", options.listen, "ADDR",
       "Serve on ADDR:PORT or unix:PATH (repeatable; port 0: any; default: 127.0.0.1:8080)")
      ->allow_extra_args(false);
  text("--unix-mode", mode, "MODE", "Access to a unix socket, octal (default: 660)");
  text("--title", options.title, "TEXT", "The title of the page: the name of the target");
  text("--status", options.status, "FIFO", "Show viewers the status that kvm-type writes to FIFO");
  app.add_flag("--shared-control", options.shared_control,
               "Let all viewers send input at the same time");
  app.add_flag("--idle", options.idle, "Read no frames while nobody watches");

  text("--passwords", options.passwords, "FILE", "Require a login; FILE has lines NAME:HASH:ROLE");
  text("--used-codes", options.used_codes, "FILE",
       "Note used one-time codes in FILE (default: $STATE_DIRECTORY/used-codes)");
  text("--target", options.target, "NAME",
       "The target's name: users whose line has targets= without it are refused");
  text("--user-header", options.user_header, "NAME",
       "Believe a proxy that names the user in this header, on unix sockets");
  text("--proxy-secret", options.proxy_secret, "FILE",
       "Believe it from this machine, too, with this secret in X-Kvm-Proxy-Secret");
  text("--audit", options.audit, "FILE",
       "Also append to FILE who logged in, watched, took control and sent actions");
  app.add_flag("--no-auth-on-purpose", options.open_on_purpose,
               "Serve addresses other than loopback without passwords");
  text("--allow-host", options.allow_hosts, "NAME", "Also answer to this host name (repeatable)")
      ->allow_extra_args(false);
  text("--allow-origin", options.allow_origin, "ORIGIN",
       "Let this site's pages read pictures and state (CORS)");
  text("--tls-cert", options.tls_cert, "FILE", "Serve HTTPS: the certificate chain, PEM");
  text("--tls-key", options.tls_key, "FILE", "The certificate's private key, PEM");
  app.add_flag("--trust-proxy", options.trust_proxy,
               "Believe X-Forwarded-For and X-Forwarded-Proto of local clients");

  text("--stall-timeout", options.stall_timeout_s, "SECONDS",
       "Drop a viewer that takes no data for this time (default: 10)")
      ->check(kvm::number_from(0.1, 3600.0));
  text("--max-connections", options.max_connections, "N",
       "Accept at most N connections (default: 500)")
      ->check(kvm::number_from(1, 100'000));
  text("--max-per-address", options.max_per_address, "N",
       "Accept at most N from one address, except from this machine (default: 50)")
      ->check(kvm::number_from(1, 100'000));

  return kvm::run_cli(app, argc, argv, [&] {
    options.unix_mode = octal_mode(mode);
    check_origin(options.allow_origin, !options.passwords.empty());
    if (::isatty(STDIN_FILENO))
      throw kvm::Error(kvm::Exit::kUsage, "stdin is a terminal: pipe frames in",
                       "kvm-capture | kvm-mjpeg-httpd");
    if (options.tls_cert.empty() != options.tls_key.empty())
      throw kvm::Error(kvm::Exit::kUsage, "--tls-cert and --tls-key must be given together");
    if (options.passwords.empty() && !options.user_header.empty())
      throw kvm::Error(kvm::Exit::kUsage, "--user-header needs --passwords: the users' roles");
    if (options.user_header.empty() && !options.proxy_secret.empty())
      throw kvm::Error(kvm::Exit::kUsage, "--proxy-secret needs --user-header");
    if (options.used_codes.empty()) options.used_codes = default_used_codes();
    return kvm::serve(options);
  });
}
