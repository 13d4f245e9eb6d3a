#include "cli/transport/server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string name_of(const TcpEndpoint& endpoint) {
    const bool six = endpoint.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", six ? "[" : "", endpoint.host, six ? "]" : "", endpoint.port);
}

tcp::endpoint resolve(HostLoop& loop, const TcpEndpoint& endpoint) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(endpoint.host, error);
    if (!error) return {address, endpoint.port};
    tcp::resolver resolver(loop.io());
    const auto results = resolver.resolve(endpoint.host, std::to_string(endpoint.port),
                                          tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || results.empty()) {
        throw StartError(
            fmt::format("{}: no such address on this computer ({})", endpoint.host, error.message()));
    }
    return results.begin()->endpoint();
}

void warn_of_others(const tcp::endpoint& endpoint) {
    if (endpoint.address().is_loopback()) return;
    fmt::print(
        stderr,
        "backspin: warning: {} can be reached from other computers, and nobody is asked for a password\n",
        endpoint.address().to_string());
}

/// A socket that a killed process left may be taken over; nothing else is removed.
void clear_stale_socket(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return;
    if (!S_ISSOCK(status.st_mode)) {
        throw StartError(
            fmt::format("{}: exists and is not a socket; name another path, or remove it", path));
    }
    asio::io_context probe_loop;
    asio::local::stream_protocol::socket probe(probe_loop);
    boost::system::error_code error;
    probe.connect(asio::local::stream_protocol::endpoint(path), error);
    if (error != asio::error::connection_refused) {
        throw StartError(
            fmt::format("{}: another process listens there; name another path, or end that process", path));
    }
    ::unlink(path.c_str());
}

}  // namespace

Server::Server(HostLoop& loop, TransportEvents events, std::string refusal)
    : loop_(loop), acceptor_(loop.io()), events_(std::move(events)), refusal_(std::move(refusal)) {}

std::unique_ptr<Server> Server::on_tcp(HostLoop& loop, const TcpEndpoint& endpoint, TransportEvents events,
                                       std::string refusal) {
    std::unique_ptr<Server> server(new Server(loop, std::move(events), std::move(refusal)));
    const auto address = resolve(loop, endpoint);
    server->is_tcp_ = true;
    server->listen(address, name_of(endpoint));
    warn_of_others(address);
    tcp::endpoint bound;
    const auto local = server->acceptor_.local_endpoint();
    std::memcpy(bound.data(), local.data(), std::min(local.size(), bound.capacity()));
    server->port_ = bound.port();
    if (!endpoint.port_file.empty()) server->port_file_.emplace(endpoint.port_file, server->port_);
    server->announcement_ = fmt::format("Listening on port {}", server->port_);
    return server;
}

std::unique_ptr<Server> Server::on_unix_socket(HostLoop& loop, const UnixEndpoint& endpoint,
                                               TransportEvents events, std::string refusal) {
    std::unique_ptr<Server> server(new Server(loop, std::move(events), std::move(refusal)));
    clear_stale_socket(endpoint.path);
    // Whoever may write to the socket drives the machine: nobody but its owner does.
    const auto mask = ::umask(0177);
    try {
        server->listen(asio::local::stream_protocol::endpoint(endpoint.path), endpoint.path);
    } catch (...) {
        ::umask(mask);
        throw;
    }
    ::umask(mask);
    server->socket_path_ = endpoint.path;
    server->announcement_ = fmt::format("Listening on {}", endpoint.path);
    return server;
}

Server::~Server() {
    if (link_) link_->close();
    if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

void Server::listen(const Protocol::endpoint& endpoint, const std::string& name) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    // A port whose last connection has just been closed is free again at once.
    if (!error && is_tcp_) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use) {
        throw StartError(
            fmt::format("{}: is in use; name another one (port 0 takes any free one), or end the process "
                        "that has it",
                        name));
    }
    if (error) throw StartError(fmt::format("{}: cannot listen there: {}", name, error.message()));
    accept();
}

void Server::accept() {
    acceptor_.async_accept(
        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error, Socket socket) {
            if (alive.expired() || error == asio::error::operation_aborted) return;
            if (!error && !link_)
                welcome(std::move(socket));
            else if (!error)
                refuse(std::move(socket));
            accept();
        });
}

void Server::welcome(Socket socket) {
    boost::system::error_code ignored;
    // Packets of the protocol are small and each waits for its answer: no gathering.
    if (is_tcp_) socket.set_option(tcp::no_delay(true), ignored);
    const auto shared = std::make_shared<Socket>(std::move(socket));
    LinkEvents events;
    events.received = [this](std::span<const std::byte> bytes) { events_.received(bytes); };
    events.closed = [this] {
        link_.reset();
        if (events_.disconnected) events_.disconnected();
    };
    link_ = std::make_shared<StreamLink<Socket, Socket>>(shared, shared, std::move(events));
    if (events_.connected) events_.connected();
    if (link_) link_->set_reading(reading_);
}

void Server::refuse(Socket socket) {
    fmt::print(stderr, "backspin: a second client was refused: one is connected\n");
    if (refusal_.empty()) return;
    // As much as the socket's own buffer takes; a client that is refused is not waited for.
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(refusal_), ignored);
    socket.shutdown(asio::socket_base::shutdown_both, ignored);
}

void Server::send(std::span<const std::byte> bytes) {
    if (link_) link_->send(bytes);
}

void Server::close_client() {
    if (link_) link_->finish();
}

void Server::set_reading(bool on) {
    reading_ = on;
    if (link_) link_->set_reading(on);
}

}  // namespace backspin::cli
