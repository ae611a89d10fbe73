// Runs before the first paint, so that a chosen theme never flashes the other one.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('watchkeeper-theme');
  } catch (error) {
    // Storage can be forbidden; the system's theme is then the choice.
  }
  var isDark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', isDark);
})();
