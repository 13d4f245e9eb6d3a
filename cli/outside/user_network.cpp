#include "cli/outside/user_network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <list>
#include <optional>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <slirp/libslirp.h>

#include "cli/outside/frame_queue.hpp"
#include "cli/start_error.hpp"

namespace backspin::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr Ipv4Address kNetwork{0x0a00'0200};
constexpr Ipv4Address kMask{0xffff'ff00};
constexpr Ipv4Address kHost{0x0a00'0202};
constexpr Ipv4Address kNameServer{0x0a00'0203};
constexpr Ipv4Address kGuest{0x0a00'020f};

// A running machine asks at least this often, if it has a buffer: what is longer, it stood still.
constexpr nanoseconds kLongestGap = milliseconds(200);

in_addr to_in_addr(Ipv4Address address) {
    return {htonl(address.value)};
}

std::string to_text(Ipv4Address address) {
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto in = to_in_addr(address);
    ::inet_ntop(AF_INET, &in, text.data(), text.size());
    return text.data();
}

short to_poll(int slirp_events) {
    short events = 0;
    if ((slirp_events & SLIRP_POLL_IN) != 0) events |= POLLIN;
    if ((slirp_events & SLIRP_POLL_OUT) != 0) events |= POLLOUT;
    if ((slirp_events & SLIRP_POLL_PRI) != 0) events |= POLLPRI;
    return events;
}

int from_poll(short events) {
    int slirp_events = 0;
    if ((events & POLLIN) != 0) slirp_events |= SLIRP_POLL_IN;
    if ((events & POLLOUT) != 0) slirp_events |= SLIRP_POLL_OUT;
    if ((events & POLLPRI) != 0) slirp_events |= SLIRP_POLL_PRI;
    if ((events & (POLLERR | POLLNVAL)) != 0) slirp_events |= SLIRP_POLL_ERR;
    if ((events & POLLHUP) != 0) slirp_events |= SLIRP_POLL_HUP;
    return slirp_events;
}

/// Host time that passes only from one look to the next, and not longer than kLongestGap.
class PausingClock {
  public:
    void look() {
        const auto now = steady_clock::now();
        if (last_) time_ += std::min<nanoseconds>(now - *last_, kLongestGap);
        last_ = now;
    }
    nanoseconds time() const { return time_; }

  private:
    nanoseconds time_{0};
    std::optional<steady_clock::time_point> last_;
};

/// Wakes a waiting host loop when one of many descriptors is ready, which are all behind one of its own, or a
/// time has come. Once, until it is armed again: a machine that stands still leaves what is ready lying
/// there.
class Waker {
  public:
    explicit Waker(HostLoop& loop) : set_(loop.io(), ::epoll_create1(EPOLL_CLOEXEC)), timer_(loop.io()) {}

    /// A descriptor is about to be closed: its number may soon be another's.
    void doubt() { sure_ = false; }

    void arm(const std::vector<pollfd>& wanted, milliseconds at_most) {
        if (!sure_ || !same(wanted)) watch(wanted);
        arm_timer(steady_clock::now() + at_most);
        if (*set_armed_) return;
        *set_armed_ = true;
        set_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [armed = set_armed_](const auto&) { *armed = false; });
    }

  private:
    bool same(const std::vector<pollfd>& wanted) const {
        return std::ranges::equal(wanted, watched_, [](const pollfd& a, const pollfd& b) {
            return a.fd == b.fd && a.events == b.events;
        });
    }
    void watch(const std::vector<pollfd>& wanted) {
        // One that was closed has left the set by itself.
        for (const auto& old : watched_) ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, old.fd, nullptr);
        for (const auto& one : wanted) {
            epoll_event event{};
            event.events = static_cast<std::uint32_t>(one.events);  // Linux: the same bits
            event.data.fd = one.fd;
            ::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, one.fd, &event);
        }
        watched_ = wanted;
        sure_ = true;
    }
    // A timer that is set anew calls its old handler, and that wakes the loop: it stays as it is unless it
    // would come too late.
    void arm_timer(steady_clock::time_point when) {
        if (*timer_armed_ && timer_.expiry() <= when) return;
        timer_.expires_at(when);
        *timer_armed_ = true;
        timer_.async_wait([armed = timer_armed_](const auto& error) {
            if (!error) *armed = false;
        });
    }

    // Handlers may run after this is gone: what they change is theirs too.
    std::shared_ptr<bool> set_armed_ = std::make_shared<bool>(false);
    std::shared_ptr<bool> timer_armed_ = std::make_shared<bool>(false);
    boost::asio::posix::stream_descriptor set_;
    boost::asio::steady_timer timer_;
    std::vector<pollfd> watched_;
    bool sure_ = true;  ///< that the set holds these
};

class UserNetworkStack final : public Outside {
  public:
    UserNetworkStack(HostLoop& loop, const UserNetwork& choice) : waker_(loop) {
        const auto config = configuration(choice);
        slirp_.reset(::slirp_new(&config, &callbacks(), this));
        if (!slirp_) throw StartError("--net user: libslirp could not be started");
        for (const auto& forward : choice.forwards) add(forward);
    }

    std::vector<std::byte> next(std::size_t room) override {
        clock_.look();
        if (frames_.empty()) drive();
        return frames_.take(room);
    }

    void output(std::span<const std::byte> frame) override {
        ::slirp_input(slirp_.get(), reinterpret_cast<const std::uint8_t*>(frame.data()),
                      static_cast<int>(frame.size()));
    }

    bool reaches_others() const override { return true; }
    bool interactive() const override { return true; }

  private:
    struct Timer {
        SlirpTimerCb callback;
        void* opaque;
        std::optional<milliseconds> due;  ///< by the network's clock
    };

    static SlirpConfig configuration(const UserNetwork& choice);
    static const SlirpCb& callbacks();
    void add(const PortForward& forward);
    void drive();
    void run_timers();

    static UserNetworkStack& self(void* opaque) { return *static_cast<UserNetworkStack*>(opaque); }
    milliseconds time() const { return std::chrono::duration_cast<milliseconds>(clock_.time()); }

    struct Cleanup {
        void operator()(Slirp* slirp) const { ::slirp_cleanup(slirp); }
    };

    // libslirp calls back while it is cleaned up: it goes first.
    Waker waker_;
    PausingClock clock_;
    FrameQueue frames_;
    std::list<Timer> timers_;
    std::vector<pollfd> polled_;
    std::unique_ptr<Slirp, Cleanup> slirp_;
};

SlirpConfig UserNetworkStack::configuration(const UserNetwork& choice) {
    SlirpConfig config{};
    config.version = 1;  // all that is set here
    config.restricted = choice.restricted ? 1 : 0;
    config.in_enabled = true;
    config.vnetwork = to_in_addr(kNetwork);
    config.vnetmask = to_in_addr(kMask);
    config.vhost = to_in_addr(kHost);
    config.vdhcp_start = to_in_addr(kGuest);
    config.vnameserver = to_in_addr(kNameServer);
    return config;
}

const SlirpCb& UserNetworkStack::callbacks() {
    static const SlirpCb calls = [] {
        SlirpCb made{};
        made.send_packet = [](const void* bytes, std::size_t size, void* opaque) -> ssize_t {
            self(opaque).frames_.add({static_cast<const std::byte*>(bytes), size});
            return static_cast<ssize_t>(size);
        };
        // A guest may do wrong as often as it likes: nobody is told.
        made.guest_error = [](const char*, void*) {};
        made.clock_get_ns = [](void* opaque) -> std::int64_t { return self(opaque).clock_.time().count(); };
        made.timer_new = [](SlirpTimerCb callback, void* of_callback, void* opaque) -> void* {
            return &self(opaque).timers_.emplace_back(callback, of_callback, std::nullopt);
        };
        made.timer_free = [](void* timer, void* opaque) {
            self(opaque).timers_.remove_if([&](const Timer& one) { return &one == timer; });
        };
        made.timer_mod = [](void* timer, std::int64_t due, void*) {
            static_cast<Timer*>(timer)->due = milliseconds(due);
        };
        // What the guest sends must never make the machine wait for a socket.
        made.register_poll_fd = [](int fd, void*) {
            ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        };
        made.unregister_poll_fd = [](int, void* opaque) { self(opaque).waker_.doubt(); };
        made.notify = [](void*) {};
        return made;
    }();
    return calls;
}

void UserNetworkStack::add(const PortForward& forward) {
    const bool udp = forward.protocol == ForwardProtocol::udp;
    if (::slirp_add_hostfwd(slirp_.get(), udp ? 1 : 0, to_in_addr(forward.host), forward.host_port,
                            to_in_addr(forward.guest.value_or(kGuest)), forward.guest_port) != 0) {
        throw StartError(
            fmt::format("--net user: {} port {} of {} cannot be forwarded: it is in use, or not for this "
                        "user; name another",
                        udp ? "UDP" : "TCP", forward.host_port, to_text(forward.host)));
    }
}

void UserNetworkStack::run_timers() {
    for (auto& timer : timers_) {
        if (!timer.due || *timer.due > time()) continue;
        timer.due.reset();
        timer.callback(timer.opaque);
    }
}

// One look at all its sockets, without waiting.
void UserNetworkStack::drive() {
    run_timers();
    const auto collect = [this] {
        polled_.clear();
        std::uint32_t timeout = kLongestGap / milliseconds(1);
        ::slirp_pollfds_fill(
            slirp_.get(), &timeout,
            [](int fd, int events, void* opaque) {
                self(opaque).polled_.push_back({fd, to_poll(events), 0});
                return static_cast<int>(self(opaque).polled_.size()) - 1;
            },
            this);
        return milliseconds(timeout);
    };
    collect();
    const int ready = ::poll(polled_.data(), polled_.size(), 0);
    ::slirp_pollfds_poll(
        slirp_.get(), ready < 0 ? 1 : 0,
        [](int index, void* opaque) {
            return from_poll(self(opaque).polled_.at(static_cast<std::size_t>(index)).revents);
        },
        this);
    const auto at_most = collect();
    waker_.arm(polled_, at_most);
}

}  // namespace

std::unique_ptr<Outside> open_user_network(HostLoop& loop, const UserNetwork& choice) {
    return std::make_unique<UserNetworkStack>(loop, choice);
}

}  // namespace backspin::cli
