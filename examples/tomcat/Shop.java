import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

/**
 * The shop of examples/shop as a servlet in Tomcat, with sessions as Servlet containers make them: Tomcat hands out JSESSIONID when the app
 * first asks for a session. The login changes the id and the logout deletes the cookie, as Spring Security does by default (session
 * fixation protection) and with deleteCookies("JSESSIONID").
 */
public final class Shop extends HttpServlet {
  private static final String POD = System.getenv().getOrDefault("POD_NAME", "local");
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Pattern ITEM = Pattern.compile("\"item\"\\s*:\\s*\"([^\"\\\\]*)\"");

  public static void main(String[] arguments) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(Files.createTempDirectory("tomcat").toString());
    tomcat.setPort(Integer.parseInt(System.getenv().getOrDefault("PORT", "8080")));
    tomcat.getConnector();
    Context context = tomcat.addContext("", null);
    Tomcat.addServlet(context, "shop", new Shop()).addMapping("/*");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        tomcat.stop();
      } catch (Exception error) {
        error.printStackTrace();
      }
    }));
    tomcat.start();
    tomcat.getServer().await();
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    switch (request.getPathInfo()) {
      // A visitor without a session stays without one.
      case "/", "/healthz", "/livez" -> send(response, 200, "{\"pod\":" + quoted(POD) + "}");
      // As a JSP does by default: the container begins a session for a visitor who has not logged in.
      case "/browse" -> send(response, 200, view(sessionOf(request.getSession(true))));
      case "/cart" -> withSession(request, response, basket -> {});
      default -> send(response, 404, "{\"error\":\"no such page\"}");
    }
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
    switch (request.getPathInfo()) {
      case "/login" -> login(request, response);
      case "/cart/items" -> {
        String body = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher item = ITEM.matcher(body);
        withSession(request, response, basket -> {
          if (item.find()) basket.items.add(item.group(1));
        });
      }
      case "/logout" -> {
        HttpSession session = request.getSession(false);
        if (session == null) {
          refuse(response);
          return;
        }
        String last = view(sessionOf(session));
        session.invalidate();
        // Tomcat leaves the cookie in the browser: only its deletion tells Holdfast that the session is over.
        Cookie removed = new Cookie("JSESSIONID", "");
        removed.setPath("/");
        removed.setMaxAge(0);
        response.addCookie(removed);
        send(response, 200, last);
      }
      default -> send(response, 404, "{\"error\":\"no such page\"}");
    }
  }

  /** The session and what it holds go on under another id, so that an id that was known before the login is worth nothing after it. */
  private static void login(HttpServletRequest request, HttpServletResponse response) throws IOException {
    boolean hadSession = request.getSession(false) != null;
    HttpSession session = request.getSession(true);
    if (hadSession) request.changeSessionId();
    send(response, 200, view(sessionOf(session)));
  }

  private interface Change {
    void apply(Basket basket);
  }

  private static void withSession(HttpServletRequest request, HttpServletResponse response, Change change)
      throws IOException {
    HttpSession session = request.getSession(false);
    if (session == null) {
      refuse(response);
      return;
    }
    Basket basket = sessionOf(session);
    synchronized (basket) {
      change.apply(basket);
      send(response, 200, view(basket));
    }
  }

  private static void refuse(HttpServletResponse response) throws IOException {
    send(response, 401, "{\"pod\":" + quoted(POD) + ",\"error\":\"this pod has no such session\"}");
  }

  /** What only the pod of a session knows. */
  private record Basket(String secret, List<String> items) {}

  private static Basket sessionOf(HttpSession session) {
    synchronized (session) {
      if (session.getAttribute("basket") instanceof Basket basket) return basket;
      byte[] secret = new byte[8];
      RANDOM.nextBytes(secret);
      Basket basket = new Basket(HexFormat.of().formatHex(secret), new ArrayList<>());
      session.setAttribute("basket", basket);
      return basket;
    }
  }

  private static String view(Basket basket) {
    String items = basket.items.stream().map(Shop::quoted).collect(Collectors.joining(","));
    return "{\"pod\":" + quoted(POD) + ",\"secret\":" + quoted(basket.secret) + ",\"items\":[" + items + "]}";
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static void send(HttpServletResponse response, int status, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    response.setStatus(status);
    response.setContentType("application/json");
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }
}
