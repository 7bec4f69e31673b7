// Tells whether the browser trusts the way this page came: only then does it lend the camera.
export default function ({ data, setStateValue }) {
  if (data.told !== window.isSecureContext) setStateValue("secure", window.isSecureContext);
}
