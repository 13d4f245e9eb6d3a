// Listens on a stream socket and serves one client at a time. A second one is told so and closed.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "cli/transport/link.hpp"
#include "cli/transport/port_file.hpp"
#include "cli/transport/transport.hpp"

namespace backspin::cli {

class Server final : public Transport {
  public:
    /// `refusal` is sent to a second client before it is closed; it may be empty. Throws StartError.
    static std::unique_ptr<Server> on_tcp(HostLoop& loop, const TcpEndpoint& endpoint, TransportEvents events,
                                          std::string refusal);
    static std::unique_ptr<Server> on_unix_socket(HostLoop& loop, const UnixEndpoint& endpoint,
                                                  TransportEvents events, std::string refusal);
    ~Server() override;

    /// The port that was bound; 0 for a Unix socket.
    std::uint16_t port() const { return port_; }

    std::string announcement() const override { return announcement_; }
    bool connected() const override { return link_ != nullptr; }
    bool accepts_another() const override { return true; }
    void send(std::span<const std::byte> bytes) override;
    std::size_t unsent() const override { return link_ ? link_->unsent() : 0; }
    void close_client() override;
    void set_reading(bool on);

  private:
    using Protocol = boost::asio::generic::stream_protocol;
    using Socket = Protocol::socket;
    using Acceptor = boost::asio::basic_socket_acceptor<Protocol>;

    Server(HostLoop& loop, TransportEvents events, std::string refusal);
    void listen(const Protocol::endpoint& endpoint, const std::string& name);
    void accept();
    void welcome(Socket socket);
    void refuse(Socket socket);

    // Handlers of the acceptor may run after the server is gone: they look here first.
    struct Alive {};
    std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
    HostLoop& loop_;
    Acceptor acceptor_;
    TransportEvents events_;
    std::string refusal_;
    std::string announcement_;
    std::optional<PortFile> port_file_;
    std::string socket_path_;  ///< to be removed at the end; empty for TCP
    std::uint16_t port_ = 0;
    bool is_tcp_ = false;
    bool reading_ = true;
    std::shared_ptr<Link> link_;
};

}  // namespace backspin::cli
